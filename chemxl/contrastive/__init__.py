"""Chapter 6: contrastive pretraining with Gaussian embeddings."""
