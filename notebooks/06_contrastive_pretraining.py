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
# # 6. Contrastive pretraining
#
# ```{admonition} Key takeaways
# :class: tip
# - {term}`Contrastive learning` (контрастное обучение) draws words of one label together and pushes words of different
#   labels apart, before a tagger is trained on the same sentences.
# - A word can be a Gaussian ({term}`Gaussian embedding`, гауссово вложение) and not a point. The distance of all pairs is then still one product
#   of matrices, a hundred times cheaper than the formula as it is written.
# - Whether it pays is measured where the paper says that it should and shows nothing: with few labelled sentences.
# ```
#
# ## Question
#
# {cite:t}`francis-2022-contrastive` find species and humans in Spanish clinical cases. Before the encoder is fine-tuned, it
# is trained to tell the labels of words apart: words are Gaussians, as in CONTaiNER {cite:p}`das-2022-container`, and
# those of one label are drawn together, over sentences in several languages. On the validation set F1 rises from 0.9608 to
# 0.9643 (Spanish BERT) and from 0.9633 to 0.9680 (XLM-R), means of three runs without an interval; and the
# method is said to help most with few samples, which is not shown. Does it help, is it the Gaussians that help, do
# other languages help, and how many labelled sentences does it save?

# %% tags=["parameters"]
profile: str = "small"
encoder: str = "mini"
sizes: list = [100, 800]
visits: int = 1000
tokens: int = 512
rate: float = 0.002
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl import figures, recording, records, show
from chemxl.contrastive import chapter
from chemxl.grid import run_all

# %% [markdown]
# ## Data
#
# The `real` profile reads LivingNER {cite}`miranda-2022-livingner`, of which only a part can be had, re-split by others;
# PharmaCoNER {cite}`gonzalez-agirre-2019-pharmaconer`, the complete Spanish set of chemicals and proteins; BC5CDR
# {cite}`li-2016-bc5cdr` and the Russian abstracts of BioNNE-R {cite}`davydova-2024-bionne` for chemicals. The task's own
# layout of LivingNER is read, too ({py:mod}`chemxl.corpora.livingner`), for those who have it. The `small` profile reads the
# mini corpus. A model gets some labelled *sentences*, drawn at random, and the smaller samples are parts of the larger ones.
#
# {term}`Views <view>` are what else is read in contrastive pretraining: the same text, or other text with the same types,
# in another language.

# %%
tasks = chapter.tasks(profile)
show.table(
    chapter.overview(tasks),
    caption="What is trained and tested on",
    note="Sentences that are tested on, and documents whose translation is, are left out of everything else.",
)

# %% [markdown]
# ## Method
#
# The encoder gives a vector $h_a$ at the first piece of word $a$. Two projections make of it the mean and the diagonal
# covariance of a Gaussian:
#
# $$\mu_a = f_\mu(h_a), \qquad \Sigma_a = \operatorname{ELU}(f_\Sigma(h_a)) + (1 + e)$$ (eq-gaussian)
#
# with $f$ a ReLU and a linear layer to $l = 128$ dimensions, and $e = e^{-14}$. The distance of two words is the mean of
# the Kullback-Leibler {term}`divergence` in both directions:
#
# $$d(a, b) = \tfrac{1}{2} \left( D_{\mathrm{KL}}[\mathcal{N}_b \,\|\, \mathcal{N}_a] + D_{\mathrm{KL}}[\mathcal{N}_a \,\|\, \mathcal{N}_b] \right)$$ (eq-divergence)
#
# $$D_{\mathrm{KL}}[\mathcal{N}_b \,\|\, \mathcal{N}_a] = \tfrac{1}{2} \left( \operatorname{Tr}(\Sigma_a^{-1} \Sigma_b) + (\mu_a - \mu_b)^{\mathsf T} \Sigma_a^{-1} (\mu_a - \mu_b) - l + \log \tfrac{|\Sigma_a|}{|\Sigma_b|} \right)$$ (eq-kl)
#
# With $X_a$ the other words of a batch that have the label of $a$, and $X$ all words, the loss is the mean over words of
#
# $$\ell(a) = -\log \frac{\sum_{b \in X_a} \exp(-d(a, b)) \,/\, |X_a|}{\sum_{b \in X,\, b \ne a} \exp(-d(a, b))}$$ (eq-contrast)
#
# **As products of matrices.** Written down as it stands, {eq}`eq-kl` needs an array of $n \times n \times l$ numbers: half a
# gigabyte for 1,024 words, several times over. But in {eq}`eq-divergence` the log-determinants cancel. With
# $p = 1 / \sigma^2$,
#
# $$4\, d(a, b) = m(a, b) + m(b, a) - 2l, \qquad m(a, b) = [p_a, -2 p_a \mu_a] \cdot [\sigma_b^2 + \mu_b^2,\ \mu_b] + p_a \cdot \mu_a^2$$ (eq-product)
#
# where products and squares are by dimension: one product of two matrices, and a term that only the row decides. The
# gradient is one product more. Both passes keep only some rows of the distances at a time
# ({py:func}`chemxl.contrastive.loss.supervised`). Means are centred first, which changes no distance.

# %%
show.table(
    chapter.worked(seed=0),
    caption="Distances of four random Gaussians, from the divergences and as products",
    digits=6,
)

# %% [markdown]
# Then the projections go, and the encoder is fine-tuned with a linear layer as in [chapter 4](04_ner.ipynb), equation
# {eq}`eq-softmax`. Compared are: no contrastive pretraining; points and the cosine
# {cite:p}`khosla-2020-supervised` in the place of Gaussians, with a temperature of 0.1; Gaussians; Gaussians with views.

# %% [markdown]
# ## Experiment
#
# The encoder, projections and tagger read the same labelled sentences, and as many of each view. Every training reads the
# same number of sentences, however few are labelled: those come again.

# %%
grid = chapter.Grid(encoder=encoder, sizes=sizes, visits=visits, tokens=tokens, rate=rate)
lines = grid.lines(tasks, seeds=seeds)
for values in lines.values():
    run_all(values)

# %% [markdown]
# ## Result
#
# While it trains, the labels of words that it has not seen move apart:

# %%
largest, task = max(sizes), tasks[0]
pretrained = [grid.pretraining(task, chapter.GAUSSIAN, size=largest, seed=seed) for seed in seeds]
figures.curves(
    [figures.Curve(f"{measure} labels", *runs) for measure, runs in chapter.followed(pretrained).items()],
    xlabel="share of the training (%)",
    ylabel="mean divergence (nats)",
    caption=f"Held-out words of {task.name}, {largest:,} labelled sentences.",
    alt="Mean divergence of held-out words within a label and between labels against training; the distance between them grows.",
)

# %%
names = pretrained[0].names()
seen = {trained: pretrained[0].seen(task.test.load(), most=2000, trained=trained) for trained in (False, True)}
display(
    *[
        figures.scatter(
            chapter.clouds(words, names, gaussians=False),
            xlabel="first principal component",
            ylabel="second",
            caption=f"Held-out words of {task.name} as the encoder gives them, {when} contrastive pretraining.",
            alt=f"Words in the plane of most variance {when} contrastive pretraining, one colour and marker an entity type.",
        )
        for words, when in ((seen[False], "before"), (seen[True], "after"))
    ]
)

# %%
figures.scatter(
    chapter.clouds(seen[True], names, gaussians=True, each=8),
    xlabel="first principal component of the means",
    ylabel="second",
    caption="The same words as Gaussians, after it. Ellipses: one standard deviation.",
    alt="Means of Gaussians in the plane of most variance with their ellipses, one colour and marker an entity type.",
)

# %% [markdown]
# ### F1

# %%
table = chapter.table(profile)
built = [records.row(recording.CONTRASTIVE, table, name, values, profile=profile) for name, values in lines.items()]
recorded, reported = records.read(recording.CONTRASTIVE), records.papers(recording.CONTRASTIVE)
tables = records.tables(built, recorded, [])
note = f"F1. Recorded and this build: {records.SCORER}, mean over seeds, 95 % bootstrap interval over documents and seeds."
show.table(tables[table], caption=table, note=note)

# %% [markdown]
# And what the paper reports, on the whole of LivingNER, with larger encoders:

# %%
display(*[show.table(records.wide(reported, n), caption=n, digits=4) for n in dict.fromkeys(r.table for r in reported)])

# %% [markdown]
# How many labelled sentences does it save? The paper claims an advantage with few.

# %%
display(
    *[
        figures.curves(
            grid.curves(task, lines),
            xlabel="labelled sentences",
            ylabel=f"F1 on {task.name}",
            limits=(0, 1),
            alt=f"F1 on {task.name} against the number of labelled sentences, a line for each kind of pretraining.",
        )
        for task in tasks
    ]
)

# %% [markdown]
# Which differences are more than chance?

# %%
show.table(
    records.paired(lines),
    caption="Paired tests between rows with the same test set",
    note="Difference of mean F1. Counts of all seeds are pooled per document; p is corrected by Holm's method.",
)

# %% [markdown]
# ## Limits
#
# - LivingNER here is a part, cut into sentences and split anew by others: their `valid` is trained on, their `test` tested
#   on. Sentences of one clinical case may stand on both sides, equal sentences may not. The paper's numbers are of the
#   whole, by document, and are not comparable.
# - The paper's views are machine translations of LivingNER with their labels. Here BC5CDR has such a translation, into
#   Chinese {cite}`geng-2023-kbioxlm`; a part of BioNNE-R's abstracts stands in two languages; PharmaCoNER is read beside
#   English text with the same types, and LivingNER beside nothing.
# - Before fine-tuning the pretrained rows have read every sentence as often again as the rows without; the cosine is the control for that.
# - A word is compared by its first piece; the paper compares every piece. Words outside of mentions take part, as there.
# - The paper prints an F1 of 0.9680 for XLM-R with contrastive pretraining; from the precision and recall that it prints
#   beside, 0.9737 follows. Both are left as printed.
# - The paper stops by the development set, every 750 steps. Here nothing is chosen: all rows train to the end.
#
# ## Exercises
#
# ```{exercise}
# :label: ex-outside
# Leave words outside of mentions out (`ContrastivePretraining(outside=False)`). What becomes of the boundaries of mentions,
# and which of {py:func}`chemxl.metrics.errors` would show it?
# ```
#
# ```{solution} ex-outside
# :class: dropdown
# Then the encoder learns to tell types apart, but not whether a word is in a mention at all. With one type, as for
# chemicals, only the first word of a mention and the others are told apart. Look at spurious and missed mentions, not
# at wrong types.
# ```
#
# ```{exercise}
# :label: ex-asymmetric
# Use the divergence in one direction only, {eq}`eq-kl`. Which terms no longer cancel, and is it still one product?
# ```
#
# ## Provenance

# %%
show.provenance({name: values[0] for name, values in lines.items()}, caption="What made the rows (first seed each)")
