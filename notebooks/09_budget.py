# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # I have n sentences: annotate, transfer or pretrain?
#
# ## Answer
#
# - **Train to the end first.** 200 sentences of English abstracts, drawn at random and read long enough, give a better tagger than 300 that
#   are read briefly: an F1 of {glue:text}`long` against {glue:text}`brief`. That costs no annotator any time.
# - **Then choose what you annotate.** 300 sentences about which the tagger is least sure are worth {glue:text}`margin_en` more than random
#   ones in English abstracts, and {glue:text}`margin_ru` in Russian ones. They are hardly longer: {glue:text}`words_margin` words each
#   against {glue:text}`words_random`. Both were trained briefly; what is left of it after longer training is not recorded.
# - **With 200 sentences, another corpus may help, and it matters which.** Diseases in Russian reviews gain {glue:text}`source_disease`
#   from Russian abstracts, drugs in Russian records {glue:text}`source_drug`; drugs in Russian reviews gain nothing that
#   can be told from chance from either source. With 2,000 sentences they are where they are without a source: {glue:text}`many_without`,
#   and {glue:text}`many_with` after English abstracts.
# - **Pretrain contrastively last.** With 200 sentences it is nowhere clearly better than fine-tuning twice as long, and worse on
#   Spanish PharmaCoNER: {glue:text}`contrast_pharmaconer`.
#
# ```{glue} answer
# ```

# %% tags=["parameters", "remove-cell"]
# None: what stands here was recorded.

# %%
from chemxl.results import budget, figures, findings, show

found = figures.forest(
    budget.gains(),
    xlabel="gain in F1",
    interval="95 % over documents and seeds, corrected in each chapter",
    caption="Recorded: what each option adds to the labels alone. ← names what was read before.",
    alt="Gains in F1 with intervals: choosing sentences gains most, sources gain in three of four cases, contrastive pretraining in none.",
)
show.glue("answer", found)
findings.glue("09_budget")

# %% [markdown]
# Each gain is a difference of two trainings that were compared on one test: choosing by margin less drawing at random, after the last round;
# a source first, less the target alone with as many steps; contrastive pretraining less fine-tuning twice as long.
#
# ## With more sentences
#
# What the labels alone give, and what they give after the source that is better with 50 sentences:

# %%
show.table(
    budget.by_sentences(),
    caption="F1 by the number of labelled sentences",
    note="Mean over three seeds, 95 % interval over documents and seeds. Two separate intervals decide nothing.",
)

# %% [markdown]
# ## What to do
#
# 1. Hold out what you test on, and train until the loss on held-out training text is flat, however few sentences there are.
# 2. Look for a corpus with the same types, in the language of your texts or of their kind, and train on it first
#    ([chapter 5](05_transfer.ipynb)). Measure with your first 50 sentences whether it helps; when you have 2,000 it hardly matters.
# 3. Annotate in rounds and let the tagger choose, by margin or entropy: both cost nothing to compute
#    ([chapter 2](02_active_learning.ipynb)). A text has about 26 words a sentence, so count words if you pay by the hour.
# 4. Try contrastive pretraining when the rest is done ([chapter 6](06_contrastive_pretraining.ipynb)).
#
# `chemxl train` takes your own corpus ([Your own texts](../book/own_texts.md)), `chemxl annotate` brings the sentences that it is least sure of.
#
# ## Limits
#
# - Three chapters answer, each with its own corpora, types and length of training: gains of two options were never measured in one experiment.
# - The encoder is e5-small. Intervals are of an older rule ({doc}`11_claims` says which), too narrow with three seeds.
# - Choosing by the most uncertain sentences was measured after short trainings only; by words, its gain over random sentences is not clear.
