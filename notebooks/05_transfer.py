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
# - "99 % of full performance after so many sentences" is a number with a wide interval. The paper takes it from the first
#   crossing of one run at forty sizes; where such a run crosses is a matter of chance, and below it is simulated how much.
# - Language and kind of text shift together in real corpora, and so does what annotators call a drug or a disease.
# ```
#
# ## Question
#
# {cite:t}`miftahutdinov-2020-interlingual` train one recogniser for drugs and one for diseases on each of four corpora: {term}`user-generated text` (пользовательские тексты) and
# {term}`health records <electronic health record>` (электронные медицинские карты), in English and in Russian. How well does
# a model find the mentions of a corpus that it has never seen ({term}`zero-shot transfer`, перенос без обучающих примеров)?
# And if it goes on to learn from a few sentences of that corpus ({term}`few-shot transfer <few-shot>`), how many fewer are needed than without?
# They report 98 to 99 % of full performance after 10 to 25 % of the sentences, from one run a point. Here every point has
# seeds, every number an interval, every comparison a test.

# %% tags=["parameters"]
profile: str = "small"
base_encoder: str = "mini"
base_layers: int = 0
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
from chemxl.transfer import chapter, rows, tables, texts

# %% [markdown]
# ## Data
#
# The `real` profile reads RuDReC {cite}`tutubalina-2021-rudrec` (Russian drug reviews), RuCCoN {cite}`nesterov-2022-ruccon`
# (Russian health records) and, in the place of CADEC and n2c2, which may not be passed on, PsyTAR {cite}`zolnoori-2019-psytar` (English drug
# reviews, which have no type for the drug itself) and BC5CDR {cite}`li-2016-bc5cdr` (English abstracts); the Russian abstracts of
# BioNNE-R {cite}`davydova-2024-bionne` are a fifth. Its English ones are no source: beside what is tested on, too few are left.
# The `paper` profile reads CADEC {cite}`karimi-2015-cadec` and n2c2 {cite}`henry-2020-n2c2` from the user's own copies. The `small` profile
# reads the reviews and the notes of the mini corpus, each in two languages, for drugs.
#
# RuDReC is what the paper calls RU UGT, published with more reviews, and RuCCoN has nearly as many records and drugs as the
# paper's RU EHR {cite}`miftahutdinov-2020-interlingual`. Cells between these two can be laid beside the paper's, the
# others only by name.
#
# Subtypes are joined into one type, as in the paper: disease is also symptom, finding and adverse reaction. What counts as
# a drug differs more than its name says: in RuDReC a medicine or its class, in RuCCoN a medicine, in BC5CDR and in
# BioNNE-R every chemical substance. A corpus without a test part that fits is split 70 to 30 by document. Models learn
# from *sentences* and are tested on sentences; of long test parts a sample is scored, drawn from all documents.

# %%
grid = chapter.Grid(
    profile,
    base_encoder=base_encoder,
    base_layers=base_layers,
    few=few,
    few_visits=few_visits,
    source_most=source_most,
    source_epochs=source_epochs,
    batch_tokens=batch_tokens,
    learning_rate=learning_rate,
    head_learning_rate=head_learning_rate,
    seeds=seeds,
)
recorded, reported = records.read(rows.CHAPTER), records.papers(rows.CHAPTER)
built = rows.material(grid)
shown = {"This build": built, "Recorded": recorded}
for title, found in shown.items():
    display(
        show.table(
            tables.material(found),
            caption=f"{title}: what is trained and tested on",
            note="Sentences and mentions. As a source, a text is cut to a number of sentences; the whole of it is drawn from for few. "
            "Of overlapping mentions the outermost is learnt and scored, whatever else is annotated.",
        )
    )

# %% [markdown]
# A sentence of the training part that also stands in a held-out document is left out, so that nothing is tested that was
# learnt by heart. Health records and reviews repeat headings and phrases, and those seldom hold a mention. The more of
# them go, the denser are mentions in what is left, and the more do $n$ drawn sentences teach: where the last column is
# larger than the one before it, numbers of sentences below look smaller than with the paper's split, which, it seems, leaves such
# sentences in.

# %%
for title, found in shown.items():
    caption = f"{title}: sentences that stand in a held-out document, too"
    display(show.table(tables.repeated(found), caption=caption, digits=1))

# %% [markdown]
# ## Method
#
# The tagger is that of [chapter 4](04_ner.ipynb), equation {eq}`eq-softmax`, for one entity type at a time. With
# $\theta_0$ the encoder under a fresh head and $T$ training to the end on a list of sentences,
#
# $$\theta_s = T(\theta_0, S), \qquad \theta_{s,n} = T(\theta_s, D_n), \qquad \theta_n = T(\theta_0, D_n)$$ (eq-transfer)
#
# $S$ is the training part of the source, cut to `source_most` sentences, and $D_n$ are $n$ sentences of the target: $\theta_s$ is zero-shot transfer, $\theta_{s,n}$
# few-shot transfer after pretraining on the source, and $\theta_n$ none. Encoder *and* head go on. Every size is trained anew from $\theta_s$, not from
# the size before {cite:p}`miftahutdinov-2020-interlingual`. Samples are drawn per seed and nested, $D_{50} \subset D_{100}$, stratified by nothing
# ({py:class}`chemxl.transfer.experiments.FewShot`).
#
# **How long is trained?** The paper trains every model for 35 to 40 epochs. Here few sentences are read often, until about `few_visits`
# have been read, and more of them for as many epochs as a source, never fewer. So a model of many sentences has read
# more than one of few, and full performance, where the training part is cut as a source is, most of all. A table below says how much was read at each
# size.
#
# **How many sentences are enough?** Let $F(n)$ be mean F1 over seeds. The paper takes the first $n$ at which one run reaches 99 % of the F1 that the whole
# training part gives. Runs scatter, and of many values that scatter about a line the first above it may come early. Here the mean
# curve is made monotone first ({term}`isotonic regression`), and
#
# $$n^* = \min \{ n : \tilde F(n) \ge 0.99\, F_{\mathrm{full}} \}, \qquad \tilde F = \operatorname*{arg\,min}_{f \text{ rising}} \sum_n (f(n) - F(n))^2$$ (eq-enough)
#
# with straight lines between sizes. Documents and seeds are drawn again for the interval ({py:mod}`chemxl.learning`).
# $F_{\mathrm{full}}$ is that of the target's tagger in the matrix. Sentences saved are the difference of two $n^*$, both measured against the full
# performance without transfer. Where one of two curves does not get there, only a bound is known ("≥" or "≤"), and an
# end of the interval is infinite. Goals of 90 % are reached more often. What transfer brings over all sizes is the area between two curves.

# %% [markdown]
# ## Experiment
#
# A list of values: source × target × type × size × seed. [They can be sent to a cluster](../book/cluster.md). First the
# matrix; it says which source is the best and which the worst for each target, and those go on to the curves.

# %%
for type in grid.types:
    built += rows.crossed(grid, type)

# %%
for type in grid.types:
    built += rows.few_shot_all(grid, type, rows.scores(built, type, profile))

# %% [markdown]
# ## Result
#
# ### Zero-shot transfer
#
# Rows are what is tested on, columns what was trained on; on the diagonal, in-corpus performance. "+" marks F1 that is higher
# than that of the best *other* text of its row by more than chance, "−" what is lower: {term}`approximate randomisation` over documents,
# counts of all seeds pooled, corrected by Holm's method over all pairs of texts on a test, since the best is chosen by the same scores.

# %%
note = f"{records.SCORER}, mean over seeds; F1 with 95 % bootstrap intervals over documents and seeds."
for type in grid.types:
    name = chapter.table(rows.ZERO, type, profile)
    for metric in metrics.SCORES:
        display(show.table(tables.wide(built, name, metric), caption=f"This build: {name}, {metric}", note=note))

# %% [markdown]
# What was recorded on real text, where it was, beside the paper's tables 2 and 3:

# %%
for type in (texts.DRUG, texts.DISEASE):
    for metric in metrics.SCORES:
        name = chapter.table(rows.ZERO, type, "real")
        if any(row.table == name for row in recorded):
            display(show.table(tables.wide(recorded, name, metric), caption=f"Recorded: {name}, {metric}", note=note))
        name = tables.PAPERS[type]
        display(show.table(tables.wide(reported, name, metric), caption=f"{name}, {metric}"))

# %% [markdown]
# The differences behind the marks. A text's own tagger stands here, too, and every other but the best, the worst among them. The interval draws
# documents and seeds; the p-value takes the seeds as they are and swaps documents only, so that the two may disagree where seeds do.

# %%
for title, found in shown.items():
    for name in dict.fromkeys(row.table for row in found if row.table.startswith(rows.ZERO)):
        caption = f"{title}: {name}, against the best other text"
        display(show.table(tables.tested(found, name), caption=caption))

# %% [markdown]
# ### Few-shot transfer
#
# The paper's figure 1, with intervals. Sources are the best and the worst of the matrix for each target.

# %%
for title, found in shown.items():
    for name, target, lines in tables.drawn(found):
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

# %%
note = "Sentences read in training, those that come again counted, and steps; mean over seeds. After a source it is as much again."
for title, found in shown.items():
    display(show.table(tables.lengths(found), caption=f"{title}: length of training at each size", note=note))

# %% [markdown]
# ### How many sentences are enough?
#
# The paper's table 5, and the same here, with the source that was the best or the worst of the matrix:

# %%
show.table(
    tables.beside(built, recorded, reported),
    caption="Labelled sentences to 99 % of full performance",
    note="Here 95 % bootstrap intervals over documents and seeds; \">\" where a curve does not reach it with the most sentences that were run.",
)

# %% [markdown]
# `to 99 %` is $n^*$ of {eq}`eq-enough`; `first crossing` is what the paper does, with straight lines between sizes, the median over seeds with the least and the largest;
# `saved` is against no pretraining, `neither` the share of draws in which neither of the two gets there; `area` is F1 averaged over numbers of sentences, `gained` how much larger it is than without
# pretraining, and `p` that chance gives as much, corrected by Holm's method over the table.

# %%
note = "95 % bootstrap interval over documents and seeds, the same draws for both where two are compared; of first crossings, their range."
for title, found in shown.items():
    for name in dict.fromkeys(row.table for row in found if row.table.startswith(rows.ENOUGH)):
        display(show.table(tables.summary(found, name), caption=f"{title}: {name}", note=note))

# %% [markdown]
# How far can the first crossing of one run be trusted? Suppose that the mean curve is just as it was measured for
# no pretraining, made monotone, and that runs scatter about it as the seeds do, by as much at all sizes and by as much more at each: where would
# single runs at forty sizes, as many as the paper has, cross first? With so many sizes a run has many chances to be above the line by luck;
# with the few sizes of the figure it has not, and there the first crossing says little else than the curve does.

# %%
note = "The simulated curve rises to its last size and its goal is its value there, so that the right answer is known; the median of runs and 95 % of them. A run that never crosses counts as late."
for title, found in shown.items():
    display(show.table(tables.early(found), caption=f"{title}: first crossing of simulated runs", note=note))

# %% [markdown]
# Shared sub-tokens of entities, the paper's table 4, stand in [chapter 1](01_data_collection.ipynb); its baselines in
# [chapter 4](04_ner.ipynb).
#
# ## Limits
#
# - CADEC and n2c2 are not here. PsyTAR has one document a sentence, its own splits, and no drug type; sentences of one
#   review may stand on both sides of its split, equal ones do not, and intervals that draw its sentences are too narrow. BC5CDR's abstracts are no health records. Cells that share a name with
#   the paper's do not share its data.
# - RuCCoN's test folder holds five records; they are not used, and 30 % of the other records are tested on. RuDReC is split
#   in the same way. The paper's split is not published. Here there is one split for all seeds, so that no interval knows what another one would give.
# - Of the longest test parts only some sentences are scored, to spare two cores; they come from all held-out documents, and none of these is learnt from.
# - The best and the worst source are chosen by zero-shot F1 on the test part, as, it seems, in the paper. The choice
#   uses no few-shot result; still, "best" is a little lucky, and tests of few-shot curves do not know of the choice.
# - Scatter and correlation of runs are estimated from few seeds, and taken to be the same at all sizes.
# - The `real` profile keeps the first six of the encoder's twelve layers ({py:class}`chemxl.encoders.FirstLayers`, `base_layers`), so that
#   hundreds of trainings fit two cores. All scores are lower for it, zero-shot transfer more than in-corpus performance.
# - The paper trains every model for 35 to 40 epochs. Here training is shorter, and a source, which is also what stands for full performance, is cut to a number of sentences and
#   epochs. Full performance is therefore below what the corpus can give. Whether 99 % of it comes earlier or later than in the paper is not known:
#   curves of few sentences are lower, too.
# - In the `paper` profile all is trained for 38 epochs, with a rate that falls linearly, which is what BERT's own code calls polynomial; n2c2 keeps its own test part, the paper splits it anew.
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
first = {name: values[0] for type in grid.types for name, values in grid.matrix(type).items()}
for type in grid.types:
    for curve in grid.curves(rows.scores(built, type, profile), type):
        first |= {name: values[0] for name, values in curve.values.items()}
show.provenance(first, caption="What made the rows (first seed each)")
