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
# # 5. Transfer curves
#
# ```{admonition} Key takeaways
# :class: tip
# - A tagger that was trained on other text may be a better start than none: {term}`transfer learning` (перенос обучения)
#   can save labelled sentences. Whether, and how many, depends on which text it was.
# - "99 % of full performance after so many sentences" is a number with a wide interval. Where it is taken from the first
#   crossing of one run, it is too small.
# - Language and kind of text shift together in real corpora, and so does what annotators call a drug or a disease.
# ```
#
# ## Question
#
# {cite:t}`miftahutdinov-2020-interlingual` train one recogniser for drugs and one for diseases on each of four corpora: {term}`user-generated text` (пользовательские тексты) and
# {term}`health records <electronic health record>` (электронные медицинские карты), in English and in Russian. How well does
# a model find the mentions of a corpus that it has never seen ({term}`zero-shot transfer`, перенос без обучающих примеров)?
# And if it goes on to learn from a few sentences of that corpus ({term}`few-shot transfer <few-shot>`), how many fewer are needed than without?
# They report 99 % of full performance after 10 to 25 % of the sentences, from one run a point. Here every point has seeds,
# every number an interval.

# %% tags=["parameters"]
profile: str = "small"
base_encoder: str = "mini"
few: list = [20, 60, 160, 320]
few_visits: int = 320
source_most: int = 400
source_epochs: int = 2
batch_tokens: int = 256
learning_rate: float = 0.002
head_learning_rate: float = 0.002
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl import figures, metrics, records, show
from chemxl.grid import run_all
from chemxl.transfer import chapter, tables

# %% [markdown]
# ## Data
#
# The `real` profile reads RuDReC {cite}`tutubalina-2021-rudrec` (Russian drug reviews), RuCCoN {cite}`nesterov-2022-ruccon`
# (Russian health records) and, in the place of CADEC and n2c2, which may not be passed on, PsyTAR {cite}`zolnoori-2019-psytar` (English drug
# reviews, which have no type for the drug itself) and BC5CDR {cite}`li-2016-bc5cdr` (English abstracts); the abstracts of
# BioNNE-R {cite}`davydova-2024-bionne`, Russian and English, are a fifth. The `paper` profile reads CADEC
# {cite}`karimi-2015-cadec` and n2c2 {cite}`henry-2020-n2c2` from the user's own copies. The `small` profile reads the reviews and the notes
# of the mini corpus, each in two languages, for drugs.
#
# Subtypes are joined into one type, as in the paper: disease is also symptom, finding and adverse reaction. A corpus
# without a test part that fits is split 70 to 30 by document. Models learn from *sentences* and are tested on sentences.

# %%
grid = chapter.Grid(
    profile,
    base_encoder=base_encoder,
    few=few,
    few_visits=few_visits,
    source_most=source_most,
    source_epochs=source_epochs,
    batch_tokens=batch_tokens,
    learning_rate=learning_rate,
    head_learning_rate=head_learning_rate,
    seeds=seeds,
)
show.table(
    chapter.overview(grid),
    caption="What is trained and tested on",
    note="Sentences that are tested on, and documents whose translation is, are left out of what is learnt from. Mentions before flattening.",
)

# %% [markdown]
# ## Method
#
# The tagger is that of [chapter 4](04_ner.ipynb), equation {eq}`eq-softmax`, for one entity type at a time. With
# $\theta_0$ the encoder under a fresh head and $T$ training to the end on a list of sentences,
#
# $$\theta_s = T(\theta_0, S), \qquad \theta_{s,n} = T(\theta_s, D_n), \qquad \theta_n = T(\theta_0, D_n)$$ (eq-transfer)
#
# $S$ is the whole training part of the source and $D_n$ are $n$ sentences of the target: $\theta_s$ is zero-shot transfer, $\theta_{s,n}$
# few-shot transfer after pretraining on the source, and $\theta_n$ none. Encoder *and* head go on. Every size is trained anew from $\theta_s$, not from
# the size before {cite:p}`miftahutdinov-2020-interlingual`. Samples are drawn per seed and nested, $D_{50} \subset D_{100}$, stratified by nothing
# ({py:class}`chemxl.transfer.experiments.FewShot`).
#
# **How many sentences are enough?** Let $F(n)$ be mean F1 over seeds. The paper takes the first $n$ at which one run reaches 99 % of the F1 that the whole
# training part gives. Runs scatter, and the first of many scattered values above a line comes too early. Here the mean
# curve is made monotone first ({term}`isotonic regression`), and
#
# $$n^* = \min \{ n : \tilde F(n) \ge 0.99\, F_{\mathrm{full}} \}, \qquad \tilde F = \operatorname*{arg\,min}_{f \text{ rising}} \sum_n (f(n) - F(n))^2$$ (eq-enough)
#
# with straight lines between sizes. Documents and seeds are drawn again for the interval ({py:mod}`chemxl.learning`).
# Sentences saved are the difference of two $n^*$, both measured against the full performance without transfer.

# %% [markdown]
# ## Experiment
#
# A list of values: source × target × type × size × seed. [They can be sent to a cluster](../book/cluster.md). First the
# matrix; it says which source is the best and which the worst for each target, and those go on to the curves.

# %%
matrices = {type: grid.matrix(type) for type in grid.types}
run_all([value for type in grid.types for value in grid.evaluations(type)])
built = [
    row
    for type, matrix in matrices.items()
    for name, values in matrix.items()
    for row in tables.zero_shot(name, values, type, profile)
]

# %%
curves = [curve for type in grid.types for curve in grid.curves(tables.scores(built, type, profile), type)]
run_all([value for curve in curves for value in curve.experiments])
built += tables.all_few_shot(curves, profile)

# %% [markdown]
# ## Result
#
# ### Zero-shot transfer
#
# Rows are what is tested on, columns what was trained on; on the diagonal, in-corpus performance. A star marks what
# differs from the best *other* corpus of its row by more than chance: {term}`approximate randomisation` over documents,
# counts of all seeds pooled, corrected by Holm's method over the matrix.

# %%
recorded, reported = records.read(tables.CHAPTER), records.papers(tables.CHAPTER)
for type, matrix in matrices.items():
    name, marked = chapter.table(tables.ZERO, type, profile), tables.differing(matrix)
    note = f"Mean over seeds; {records.SCORER}."
    display(show.table(tables.wide(built, name, "F1", marked=marked), caption=f"This build: {name}, F1", note=note))
    display(show.table(tables.wide(built, name, "P"), caption=f"This build: {name}, precision"))
    display(show.table(tables.wide(built, name, "R"), caption=f"This build: {name}, recall"))

# %% [markdown]
# What was recorded on real text, where it was, beside the paper's tables 2 and 3:

# %%
for type in (chapter.DRUG, chapter.DISEASE):
    for metric in metrics.SCORES:
        name = chapter.table(tables.ZERO, type, "real")
        if any(row.table == name for row in recorded):
            display(show.table(tables.wide(recorded, name, metric), caption=f"Recorded: {name}, {metric}"))
        name = tables.PAPERS[type]
        display(show.table(tables.wide(reported, name, metric), caption=f"{name}, {metric}"))

# %% [markdown]
# ### Few-shot transfer
#
# The paper's figure 1, with intervals. Sources are the best and the worst of the matrix for each target.

# %%
for title, rows in {"This build": built, "Recorded": recorded}.items():
    for name, target, lines in tables.drawn(rows):
        display(
            figures.curves(
                lines,
                xlabel="labelled sentences of the target",
                ylabel="F1",
                limits=(0, 1),
                caption=f"{title}: {name}, tested on {target}.",
                alt=f"{title}: F1 on {target} against labelled sentences, for {', '.join(line.label for line in lines)}.",
            )
        )

# %% [markdown]
# ### How many sentences are enough?
#
# `to 99 %` is $n^*$ of {eq}`eq-enough`; `first crossing` is what the paper does, the mean over seeds with the least and the largest;
# `saved` is against no pretraining; `area` is F1 averaged over numbers of sentences. An end of an interval that the sizes do not reach is written as more than the largest.

# %%
note = "95 % bootstrap interval over documents and seeds; of first crossings, their range."
for type in grid.types:
    name = chapter.table(tables.ENOUGH, type, profile)
    display(show.table(tables.summary(built, name), caption=f"This build: {name} to 99 % of full performance", note=note))
for type in (chapter.DRUG, chapter.DISEASE):
    name = chapter.table(tables.ENOUGH, type, "real")
    if any(row.table == name for row in recorded):
        display(show.table(tables.summary(recorded, name), caption=f"Recorded: {name} to 99 % of full performance", note=note))
display(show.table(records.wide(reported, tables.PAPERS[tables.ENOUGH]), caption=tables.PAPERS[tables.ENOUGH]))

# %% [markdown]
# The first crossing is no estimate of where the mean curve crosses. Suppose that the mean curve is just as it was measured for
# no pretraining, made monotone, and that runs scatter about it as they do: where would single runs at forty sizes, as many
# as the paper has, cross first?

# %%
show.table(
    tables.bias(curves, seed=0),
    caption="First crossing of simulated runs, against the crossing of the curve that they scatter about",
    note="The simulated curve rises to its last size and its goal is its value there, so that the right answer is known.",
)

# %% [markdown]
# Shared sub-tokens of entities, the paper's table 4, stand in [chapter 1](01_data_collection.ipynb); its baselines in
# [chapter 4](04_ner.ipynb).
#
# ## Limits
#
# - CADEC and n2c2 are not here. PsyTAR has one document a sentence, its own splits, and no drug type; sentences of one
#   review may stand on both sides of its split, equal ones do not. BC5CDR's abstracts are no health records. Cells that share a name with
#   the paper's do not share its data.
# - RuCCoN's test folder holds five records; they are not used, and 30 % of the other records are tested on. RuDReC is split
#   in the same way. The paper's split is not published.
# - Of the longest test parts only some documents are scored, to spare two cores; none is learnt from. Short sentences and headings of
#   health records come again and again: those that stand in a held-out record, too, are left out of training, which the paper does not
#   do, and which makes the task harder.
# - The best and the worst source are chosen by zero-shot F1 on the test part, as, it seems, in the paper. The choice
#   uses no few-shot result; still, "best" is a little lucky.
# - The paper trains every model for 35 to 40 epochs. Here a few-shot model reads the same number of sentences
#   at every size, few of them often, and a source is cut to a number of sentences and epochs; the parameters above say which. Full performance is
#   therefore below what the corpus can give, and 99 % of it is reached earlier.
# - Where a mention goes over what the sentence splitter takes for a border, the sentences are kept together, in training
#   and in testing. The test thus knows a little of its answers, in a few places.
# - Counts are drawn again by document; for mini's test part, copies of one passage with other names count as
#   documents of their own, and its intervals are too narrow.
# - The weights of few-shot models are not kept: hundreds of encoders would fill a disk. A {py:class}`chemxl.ner.FineTune` on the same sentences
#   brings one without a source back.
# - Models of one shape can be trained together with stacked weights. On a processor this was measured to bring almost
#   nothing, since the products of matrices take the time and not the calls (`python -m benchmarks stacked`); models are trained one after the other, or as jobs.
#
# ## Exercises
#
# ```{exercise}
# :label: ex-head
# Let only the encoder go on from the source, under a fresh head. Where does it matter, with few or with many sentences?
# ```
#
# ```{solution} ex-head
# :class: dropdown
# Save the source's encoder with {py:func}`chemxl.encoders.save` and give its folder to a `FewShot` without a start. With
# few sentences the head has to be learnt from them alone, so that the curve begins near that of no pretraining; with
# many, the two meet.
# ```
#
# ```{exercise}
# :label: ex-twostep
# Pretrain on two sources, one with the target's language and one with its kind of text. Is the sum of the two savings reached?
# ```
#
# ## Provenance

# %%
first = {name: values[0] for matrix in matrices.values() for name, values in matrix.items()}
first |= {name: values[0] for curve in curves for name, values in curve.values.items()}
show.provenance(first, caption="What made the rows (first seed each)")
