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
# - **Train well first.** 200 random sentences of English abstracts give a better tagger with the training settings of
#   [chapter 6](06_contrastive_pretraining.ipynb) than 300 with the shorter training of
#   [chapter 2](02_active_learning.ipynb): an F1 of {glue:text}`long` against {glue:text}`brief`. This needs no
#   further annotation.
# - **Then choose what you annotate.** 300 sentences about which the tagger is least sure (by the margin between its
#   two most probable labels) gain {glue:text}`margin_en` in F1 over random ones in English abstracts, and
#   {glue:text}`margin_ru` in Russian ones. They are hardly longer: {glue:text}`words_margin` words each against
#   {glue:text}`words_random` in English. Trainings were short; how much of the gain is left after longer training is
#   not recorded.
# - **With 200 sentences, training on another corpus first (a source) may help.** Compared with longer training
#   without a source, diseases in Russian reviews gain {glue:text}`source_disease` from Russian abstracts, and drugs
#   in Russian records {glue:text}`source_drug` from the same source; for drugs in Russian reviews no gain can be told
#   from chance, with either source tried. With 2,000 sentences a source hardly matters for these: F1 is
#   {glue:text}`many_without` without one and {glue:text}`many_with` after English abstracts.
# - **Try contrastive pretraining last.** With 200 sentences it is nowhere clearly better than fine-tuning twice as
#   long, and worse on Spanish PharmaCoNER: {glue:text}`contrast_pharmaconer`.
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
    interval="95 % interval over documents and seeds, not corrected",
    caption="Recorded: what each option adds to the labels alone. ← names the source.",
    alt="Gains in F1 with intervals: above zero for choosing sentences on both tests, for five of eight sources, and for contrastive pretraining on none of four tests.",
)
show.glue("answer", found)
findings.glue("09_budget")

# %% [markdown]
# Each gain is the difference of two trainings that were compared on one test: choosing by the margin less drawing at
# random, after the last round; training on a source first, less a training on the target alone that reads as many
# sentences; contrastive pretraining less fine-tuning twice as long.
#
# ## With more sentences
#
# F1 with the labels alone, and after the better of two sources (the one with the higher F1 with 50 sentences):

# %%
show.table(
    budget.by_sentences(),
    caption="F1 by the number of labelled sentences",
    note="Mean over three seeds, 95 % interval over documents and seeds. Do not judge a difference by two separate intervals.",
)

# %% [markdown]
# ## What to do
#
# 1. Hold out what you test on, and train until the loss on held-out training text is flat, however few sentences
#    there are.
# 2. Look for a corpus with the same types and train on it first ([chapter 5](05_transfer.ipynb)). Which kind of
#    corpus helps most is not settled: measure it with your first 50 sentences. When you have 2,000 it hardly matters.
# 3. Annotate in rounds and let the tagger choose, by margin or entropy: both are cheap to compute
#    ([chapter 2](02_active_learning.ipynb)). Sentences have about 26 words on average; count words if you pay by the
#    hour.
# 4. Try contrastive pretraining when the rest is done ([chapter 6](06_contrastive_pretraining.ipynb)).
#
# `chemxl train` takes your own corpus ([Your own texts](../book/own_texts.md)), and `chemxl annotate` picks the texts
# that the tagger is least sure of.
#
# ## Limits
#
# - The numbers come from three chapters, each with its own corpora, types and length of training: two options were
#   never compared in one experiment. Chapters 2 and 6 differ in learning rate and head as well as in length of
#   training.
# - The encoder is e5-small, for sources half of it. Intervals follow an older rule ([claims](11_claims.ipynb) says
#   which): they are not corrected for the number of comparisons, and too narrow with three seeds.
# - Choosing the most uncertain sentences was measured after short trainings only; by words, its gain over random
#   sentences is not clear.
