"""Relations between mentions, such as what a chemical does to a gene: chapter 8."""
