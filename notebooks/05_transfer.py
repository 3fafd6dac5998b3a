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
# ## Answer
#
# - Training first on another corpus, the *source*, helps ({term}`transfer learning`, перенос обучения). What it adds
#   to F1, averaged over curves of 50 to 2,000 labelled sentences, is {glue:text}`gained`: drugs and diseases in
#   Russian reviews and records, each after the best source and after the worst.
# - The gain comes with few sentences. With 50 sentences of Russian reviews, F1 on diseases is
#   {glue:text}`ugt_diseases_none_50` without a source and {glue:text}`ugt_diseases_best_50` after Russian abstracts;
#   with 2,000 it is {glue:text}`ugt_diseases_none_2000` and {glue:text}`ugt_diseases_best_2000`.
# - Part of the gain may be longer training. With 200 sentences, training on the best source first was compared with
#   training for as many sentences without a source. The source is clearly better, by {glue:text}`longer`; for drugs
#   in reviews this is undecided. With 50 sentences this control was not run.
# - The paper reports that a quarter of the sentences is nearly enough. This cannot be judged here: a model with fewer
#   labelled sentences also reads less in training, and the recorded rows do not separate the two effects.
#
# ```{glue} answer
# ```
#
# ## Claims
#
# The papers' claims, judged by what was recorded on real text. [All claims](11_claims.ipynb) of all papers.

# %%
from chemxl.results import claims

claims.table("05_transfer")

# %% [markdown]
# ## Question
#
# {cite:t}`miftahutdinov-2020-interlingual` train one tagger for drugs and one for diseases on each of four corpora:
# {term}`user-generated text` (пользовательские тексты) and {term}`health records <electronic health record>`
# (электронные медицинские карты), in English and in Russian. How well does a tagger trained on one corpus, the
# source, find the mentions of another, the *target* ({term}`zero-shot transfer`, перенос без обучающих примеров)? If
# it is then trained on some sentences of the target ({term}`few-shot transfer <few-shot>`), how many fewer does it
# need than a tagger without a source? Does its F1 vary less from one number of sentences to the next? The authors
# report that, on three of four corpora, pretrained models reach 98 to 99 % of full performance (the F1 after training
# on the whole training part) with 10 to 25 % of the sentences, and that F1 varies less. For diseases in Russian
# health records their table 5 shows nothing saved. It seems that each point is one run and that every entity type has
# its own models: three targets, two types, three sources and forty sizes make 720, the number of models that they
# name. Here every point has several seeds, F1 has an interval, and differences between zero-shot scores and between
# curves are tested.

# %% tags=["parameters"]
profile: str = "small"
encoder: str = "in-the-box"
layers: int = 0
few: list = [20, 60]
few_visits: int = 320
source_most: int = 320
source_epochs: int = 1
tokens: int = 256
rate: float = 0.0005
head_rate: float = 0.01
few_as_long: list = [60]
seeds: list = [0, 1, 2]

# %%
from chemxl.evaluation import metrics
from chemxl.results import chapters, figures, findings, records, show
from chemxl.results import tables as pivots
from chemxl.transfer import chapter, tables

# %% [markdown]
# ## Data
#
# The `real` profile reads RuDReC {cite}`tutubalina-2021-rudrec` (Russian drug reviews) and RuCCoN
# {cite}`nesterov-2022-ruccon` (Russian health records). CADEC and n2c2 may not be passed on; PsyTAR
# {cite}`zolnoori-2019-psytar` (English drug reviews, which have no type for the drug itself) and BC5CDR
# {cite}`li-2016-bc5cdr` (English abstracts) take their place. The Russian abstracts of BioNNE-R
# {cite}`davydova-2024-bionne` are a fifth corpus. Its English abstracts are no source: without those that are tested
# on, only 591 sentences are left. The `paper` profile reads CADEC {cite}`karimi-2015-cadec` and n2c2
# {cite}`henry-2020-n2c2` from the user's own copies. The `small` profile reads the reviews and the notes of the mini
# corpus, each in two languages, for drugs.
#
# RuDReC is what the paper calls RU UGT, published with more reviews, and RuCCoN has nearly as many records and drugs
# as the paper's RU EHR {cite}`miftahutdinov-2020-interlingual`. Results between these two come closest to the
# paper's, but annotation, split and encoder differ. All other results share only the names.
#
# Subtypes are merged into one type: "disease" includes symptoms, findings and adverse reactions. The paper does this,
# too, but its Russian reviews have no findings. "Drug" differs more than the name suggests: in RuDReC it is a
# medicine or its class, in RuCCoN a medicine, in BC5CDR and in BioNNE-R every chemical substance. A corpus without a
# suitable test part is split 70 to 30 by document. Models are trained and tested on *sentences*; of long test parts a
# sample is scored, drawn from all documents.

# %% tags=["code"]
settings = chapter.Settings.given(globals())
rows = chapters.results(chapter, settings)
built, recorded, reported = pivots.parts(rows)
shown = {"Recorded": recorded, "This build": built}
show.tabs(
    shown,
    lambda found: [
        show.table(
            tables.learnt(found),
            caption="Training sets",
            note="Sentences and mentions. As a source, a corpus is cut to a fixed number of sentences; the few sentences of a target are drawn "
            "from all of its training part.",
        ),
        show.table(
            tables.scored(found),
            caption="Test sets",
            note="Of overlapping mentions only the outermost is trained on and scored.",
        ),
    ],
)

# %% [markdown]
# A training sentence that also occurs in a held-out document is left out, so that no tested sentence can have been
# learnt by heart. Health records and reviews repeat headings and phrases, which hold fewer mentions than other
# sentences. Without them mentions are denser, and $n$ drawn sentences teach more. So where the last column of the
# table below is larger than the one before it, fewer sentences seem to be enough than with the paper's split, which,
# it seems, leaves such sentences in.

# %%
caption = "Training sentences that also occur in a held-out document"
show.tabs(shown, lambda found: show.table(tables.repeated(found), caption=caption, digits=1))

# %% [markdown]
# ## Method
#
# The tagger is that of [chapter 4](04_ner.ipynb), equation {eq}`eq-softmax`, for one entity type at a time. Let
# $\theta_0$ be the encoder with a fresh head, and $T$ a complete training on a list of sentences. Then
#
# $$\theta_s = T(\theta_0, S), \qquad \theta_{s,n} = T(\theta_s, D_n), \qquad \theta_n = T(\theta_0, D_n)$$ (eq-transfer)
#
# $S$ is the training part of the source, cut to `source_most` sentences, and $D_n$ are $n$ sentences of the target.
# $\theta_s$ is zero-shot transfer, $\theta_{s,n}$ few-shot transfer, and $\theta_n$ no transfer. Encoder *and* head
# are taken over from the source. Training at every size starts from $\theta_s$, not from the model of the size before
# {cite:p}`miftahutdinov-2020-interlingual`. Samples are drawn per seed and nested, $D_{50} \subset D_{100}$, without
# stratification ({py:class}`chemxl.transfer.experiments.FewShot`).
#
# **How long is the training?** In the paper the loss became stable after 35 to 40 epochs; it does not say how long
# every model was trained. Here a small sample is repeated until about `few_visits` sentences have been read; a large
# one is read for `source_epochs` epochs, as a source is. So a model of many sentences reads more than one of few, and
# the model that stands for full performance reads most. This has two consequences. A curve may rise because more is
# read, not because more is labelled. And no curve can be expected to reach 99 % of full performance as long as its
# models read less: if it does not, this design may be the reason. A model after a source has also read the source. A
# table below says how much was read at each size.
#
# **The source, or longer training?** $\theta_{s,n}$ has read the source as well as $D_n$. At the sizes `few_as_long`,
# another tagger without a source is trained, for so many epochs over $D_n$ that it reads as many sentences in all.
# Its gain over $\theta_n$ is due to longer training; the gain of $\theta_{s,n}$ over this tagger is due to the
# source.
#
# **How many sentences are enough?** Let $F(n)$ be mean F1 over seeds. The paper takes the first $n$ at which one run
# reaches 99 % of the F1 of the whole training part. But runs scatter, and where many sizes are tried, one of them may
# exceed the goal early by chance. Here the mean curve is made monotone first ({term}`isotonic regression`), and
#
# $$n^* = \min \{ n : \tilde F(n) \ge 0.99\, F_{\mathrm{full}} \}, \qquad \tilde F = \operatorname*{arg\,min}_{f \text{ rising}} \sum_n (f(n) - F(n))^2$$ (eq-enough)
#
# with linear interpolation between sizes. For the interval, documents and seeds are resampled
# ({py:mod}`chemxl.evaluation.learning_curves`). $F_{\mathrm{full}}$ is the F1 of the target's own tagger in the
# matrix below. Sentences saved are the difference of two $n^*$, both for the full performance without transfer. If
# one of the two curves does not reach the goal, only a bound is known ("≥" or "≤"), and one end of the interval is
# infinite. If a curve has reached the goal at the smallest size that was run ("≤"), that size stands for $n^*$, and
# sentences saved may be wrong by as much; "0 [0, 0]" says only that both curves had reached it there. A goal of 90 %
# is reached more often. The gain over all sizes is the area between two curves over $\log n$, so that the step from
# 50 to 100 sentences counts as much as the one from 1,000 to 2,000.

# %% [markdown]
# ## Experiment
#
# A list of experiments: source × target × type × size × seed. [They can be sent to a cluster](../book/cluster.md).
# The matrix comes first; it gives the best and the worst source for each target. Only these two go on to the curves
# ({py:func}`chemxl.transfer.chapter.lines`). All were computed above, or read from the cache.

# %% [markdown]
# ## Result
#
# ### Zero-shot transfer
#
# Rows are what is tested on, columns what was trained on; the diagonal is in-corpus performance. Recorded with the
# first six of e5-small's twelve layers and three seeds.
#
# - **No other corpus replaces the target's own text.** In every row, in-corpus F1 is clearly higher than F1 after the
#   best other corpus; the difference is {glue:text}`own`.
# - **Diseases in Russian records are far from the paper.** By its counts RuCCoN is nearly the paper's corpus
#   ([chapter 1](01_data_collection.ipynb)). But in-corpus F1 is {glue:text}`ehr_diseases_own`, where the paper has
#   {glue:text}`ehr_diseases_paper`; for drugs it is {glue:text}`ehr_drugs_own` and {glue:text}`ehr_drugs_paper`. What
#   differs is known, but not how much each difference costs. Training reads only a part of the corpus, each sentence
#   twice, with half of the encoder. And {glue:text}`ehr_left` sentences, {glue:text}`ehr_left_with` of them with a
#   disease, are not trained on because they also occur in a held-out record; a model trained on them would find their
#   copies easy. So all results on diseases in records are those of a tagger that misses most of them.
# - **What makes a good source?** The paper says: one that shares the language or the kind of text with the target. A
#   table below counts how often this holds. Drugs in Russian reviews are the exception: the best source is English
#   abstracts, which share neither, and Russian abstracts are not clearly worse, {glue:text}`ugt_drugs_second`. For
#   English abstracts the Russian ones are clearly the best source. The reverse is not clear: for Russian abstracts,
#   Russian reviews are not clearly worse than English abstracts, {glue:text}`abstracts_drugs_second` for drugs and
#   {glue:text}`abstracts_diseases_second` for diseases. Russian records are clearly worse than the best source
#   wherever they are tried, for other Russian text as well.

# %%
everything = {"Recorded": recorded, "Paper 1, tables 2 and 3": reported, "This build": built}
show.tabs(
    everything,
    lambda found: [
        figures.matrix(
            tables.matrix(group),
            xlabel="trained on",
            ylabel="tested on",
            caption=f"F1 for {type}; the darker, the higher.",
            alt=f"A matrix of F1 for {type}, a row for each corpus that is tested on, a column for each that was trained on.",
        )
        for type, group in found.query("train.notna()").groupby("type", sort=False)
    ],
)

# %% [markdown]
# Each source against the best other corpus for the same test, and the sources by what they share with the tested
# corpus:

# %%
note = (
    "A dash stands for the best other corpus itself. Intervals of this build are corrected by Holm's method over all pairs of corpora on all tests of a type, since the best is chosen by the same "
    "scores. Recorded ones follow an older rule: they are not corrected, and too narrow."
)
show.tabs(
    shown,
    lambda found: [
        *(
            show.table(
                tables.apart(group), caption=f"F1 for {type} less that of the best other corpus, tested on", note=note
            )
            for type, group in found.query("train.notna()").groupby("type", sort=False)
        ),
        show.table(
            tables.shared(found),
            caption="Sources that share language, kind of text or neither with the tested corpus",
            note="Pairs of a source and a test. Clearly worse: the interval of the difference lies below zero. Groups were not tested against each other.",
        ),
    ],
)

# %%
note = "Exact character spans, mean over seeds; F1 with 95 % intervals over documents and seeds."
show.tabs(
    everything,
    lambda found: show.folded(
        "F1 with intervals, precision and recall",
        [
            show.table(tables.zero_shot(group, metric), caption=f"{type}, {metric}, tested on", note=note)
            for type, group in found.query("train.notna()").groupby("type", sort=False)
            for metric in metrics.SCORES
        ],
    ),
)

# %% [markdown]
# ### Few-shot transfer
#
# The paper's figure 1, with intervals. Sources are the best and the worst of the matrix for each target; zero-shot
# transfer is the point at 0 sentences. The gain over the whole curve is clear in all eight cases, also after the
# worst source. It is smallest for diseases in records after English reviews, {glue:text}`ehr_diseases_worst_gained`,
# and largest for drugs in records after Russian abstracts, {glue:text}`ehr_drugs_best_gained`. With 2,000 sentences
# every interval after a source overlaps the one without a source.
#
# In three of these eight cases the source shares neither language nor kind of text with the target. There is a gain
# in each of them, too: {glue:text}`two_shifts`. Whether sources that share something are better in few-shot transfer
# was not tested.

# %%
show.tabs(
    shown,
    lambda found: [
        figures.curves(
            lines,
            xlabel="labelled sentences of the target",
            ylabel="F1",
            limits=(0, 1),
            caption=f"{type}, tested on {target}.",
            alt=f"F1 on {target} against labelled sentences, for {', '.join(line.label for line in lines)}.",
        )
        for (type, target), lines in tables.drawn(found).items()
    ],
)

# %%
note = (
    "Sentences read in training (each repetition counts) and training steps: means over seeds, the least and the most over targets and types. After a source "
    'the numbers are the same, and the training on the source comes on top; rows "as long" read as much in all, without a source.'
)
show.tabs(shown, lambda found: show.table(tables.lengths(found), caption="Length of training at each size", note=note))

# %% [markdown]
# ### The source, or longer training?
#
# At each size of `few_as_long`: F1 after each source, and without one ("none"), less F1 of a tagger without a source
# that was trained until it had read as many sentences as source and target together. Above zero, the source helps
# beyond longer training. In the row "none", a number below zero says that longer training alone helps.
#
# Recorded with 200 sentences: the best source is clearly better than longer training for diseases in reviews,
# {glue:text}`ugt_diseases_best_long`, and for drugs and diseases in records, {glue:text}`ehr_drugs_best_long` and
# {glue:text}`ehr_diseases_best_long`. For drugs in reviews it is undecided, {glue:text}`ugt_drugs_best_long`. What
# longer training alone brings is undecided, too: all four intervals include zero, for example
# {glue:text}`ehr_drugs_none_long` for drugs in records.

# %%
caption = "F1 less F1 without a source, trained as long; by labelled sentences"
show.tabs(shown, lambda found: show.table(tables.as_long(found), caption=caption))

# %% [markdown]
# ### How many sentences are enough?
#
# The paper's table 5, and the same numbers from this chapter, after the best and the worst source of the matrix. If a
# recorded curve does not reach 99 %, this says nothing about the paper's curves, since the recorded models read less
# than the one for full performance.

# %%
note = (
    'Here 95 % intervals over documents and seeds; ">" if a curve does not reach the goal at the largest size that was run, '
    '"≤" if it has reached it at the smallest. Full performance: in the paper with the whole training part, here with one cut as a source is.'
)
show.tabs(
    shown,
    lambda found: show.table(
        tables.beside(found, reported), caption="Labelled sentences to 99 % of full performance", note=note
    ),
)

# %% [markdown]
# The paper's text does not always agree with its table 5. It speaks of up to 550 sentences saved; the table has 950
# for drugs in Russian health records (1,500 − 550). With the best source, it says, 23.56 % of the Russian reviews are
# needed, which is 700 sentences; then the 31.97 % without a source would be 950, but the table has 1,000 and 1,100.
# For drugs in these reviews the worst source needs fewer sentences (650) than the best (700). The paper does not say
# how the two were chosen.
#
# Recorded curves do reach 90 % of full performance; the same caution holds. No saving is clear there: every interval
# includes zero, for example {glue:text}`ugt_drugs_best_saved` for drugs in reviews after English abstracts. This does
# not contradict the gain with few sentences, since 90 % is reached at the other end of the curve, with many
# sentences.
#
# Areas are F1 averaged over the logarithm of the number of sentences; "gained" is what a source adds. The paper's
# third question is whether F1 varies less from size to size with a source. The table gives the largest fall of mean
# F1 from one size to the next, and the scatter: the standard deviation of F1 over seeds at one size, pooled over all
# sizes. Neither has an interval, so the question is not tested here.

# %%
note = "95 % interval over documents and seeds; two curves that are compared share the same draws."
show.tabs(
    shown,
    lambda found: [
        show.table(tables.summary(found), caption="Labelled sentences to 90 % of full performance", note=note),
        show.table(tables.heights(found), caption="Areas under the curves, and how F1 varies", note=note),
    ],
)

# %% [markdown]
# The paper takes the first size at which a single run reaches the goal. How far can this first crossing be trusted?
# Suppose that the true mean curve is the one measured without a source, made monotone. Each simulated run deviates
# from it by one random shift that it keeps at all sizes, and by a new one at each size. The scale of both is
# estimated from the differences between seeds at the larger half of the sizes and in full performance. Runs are
# simulated at forty sizes, as many as the paper has. With so many sizes a run has many chances to exceed the goal by
# luck: in {glue:text}`early_least` to {glue:text}`early_most` of simulated runs the first crossing comes too early.
# With the few sizes of the figure it has few chances, and there the first crossing says much the same as the curve.

# %%
note = (
    "The simulated curve rises to its last size, so the right answer is known; the goal of each run is 99 % of its own full performance, "
    "which scatters, too. The median of runs, and the range of 95 % of them; a run that never crosses counts as late. If luck had no direction, half of "
    "the runs would be too early."
)
show.tabs(shown, lambda found: show.table(tables.early(found), caption="First crossing of simulated runs", note=note))

# %%
findings.glue(chapter.stem)
early = recorded.query("metric == 'too early'")["value"]
show.glue("early_least", f"{early.min():.0%}")
show.glue("early_most", f"{early.max():.0%}")
for type in ("DRUG", "DISEASE"):
    own = reported.query("metric == 'F1' and type == @type and train == 'RU EHR' and test == 'RU EHR'")
    show.glue(f"ehr_{type.lower()}s_paper", pivots.value(own))
found = figures.curves(
    tables.drawn(recorded)["DISEASE", "RU UGT"],
    xlabel="labelled Russian sentences",
    ylabel="F1, exact spans",
    limits=(0, 1),
    caption="Recorded: diseases in Russian drug reviews, by the source that the tagger was trained on first.",
    alt="F1 on Russian drug reviews against labelled sentences: the curves are apart with 50 sentences and meet with 2,000.",
)
show.glue("answer", found)

# %% [markdown]
# [Chapter 1](01_data_collection.ipynb) has the paper's table 4, shared sub-tokens of entities, but only for few of
# these pairs of corpora, so they are not compared with zero-shot F1. The paper's baselines are on the
# [scoreboard](10_scoreboard.ipynb). What kinds of error are left was not recorded here: only exact matches are
# counted.
#
# ## Limits
#
# - **Unequal reading.** The number of sentences read grows with the number of labelled ones, up to full performance,
#   and a source comes on top. Sentences to a goal, sentences saved and areas mix both effects, more labels and longer
#   training. Only the table of "The source, or longer training?" separates the source from longer training, and only
#   at the sizes `few_as_long`. "As long" counts sentences: the longer training has one learning-rate schedule, while
#   source and target have one each, and it reads the same few sentences many times.
# - **Other corpora.** CADEC and n2c2 are not here. PsyTAR has one document per sentence, its own splits, and no drug
#   type. Sentences of one review may be in both its training and its test part, though no identical ones, and
#   intervals that resample its sentences are too narrow. BC5CDR's abstracts are no health records. Cells that share a
#   name with the paper's do not share its data.
# - **Three seeds, half an encoder.** The recorded intervals draw three seeds out of three, and are too narrow where
#   seeds differ: an interval of the rule that [holds now](../book/running.md) can be more than twice as wide. The
#   `real` profile keeps the first six of the encoder's twelve layers ({py:class}`chemxl.models.encoders.FirstLayers`,
#   `layers`), so that hundreds of trainings fit two cores. Results of the whole encoder are not recorded.
#
# ```{dropdown} Further limits
# *What is tested on*
#
# - RuCCoN's test folder holds five records; they are not used, and 30 % of the other records are tested on. RuDReC is
#   split in the same way. No held-out document of these two is a near copy of a training document; a test of the
#   package looks for such pairs ({py:func}`chemxl.collect.duplicates.leaks`).
# - The paper does not say whether it splits documents or sentences, and we do not have its split. Here there is one
#   split for all seeds, so no interval covers what another split would give.
# - Of the longest test parts only some sentences are scored, to save time on two cores; they come from all held-out
#   documents, none of which is trained on.
# - The sentence splitter looks at annotated mentions, also in the test part: it never cuts inside one. That helps
#   every tagger in a few places.
# - Documents are the unit of resampling. In the test part of the mini corpus, copies of one passage with other names
#   count as documents of their own, so its intervals are too narrow.
#
# *How models were trained*
#
# - Training is shorter than the paper's, and a source is cut to a number of sentences and epochs. Full performance is
#   that of a tagger trained in the same way, and so below what the corpus can give. Whether 99 % of it is reached
#   earlier or later than in the paper is not known: F1 with few sentences is lower, too.
# - In the `paper` profile everything is trained for 38 epochs with a rate that falls linearly at each step (the paper:
#   polynomially, at each epoch). Rate and batch size are ours, since the paper gives none. n2c2 keeps its own test
#   part; the paper splits it anew.
# - The weights of few-shot models are not kept: hundreds of encoders would fill a disk. A
#   {py:class}`chemxl.ner.experiments.FineTune` on the same sentences reproduces one without a source.
#
# *How results are compared*
#
# - The best and the worst source are chosen by zero-shot F1 on the test part; the paper does not say how it chose.
#   The choice uses no few-shot result; still, "best" is partly luck, and tests of few-shot curves do not account for
#   the choice.
# - Scatter and correlation of runs are estimated from few seeds, with many sentences, and assumed to be the same at
#   all sizes. Runs on few sentences scatter more, so very early crossings are too rare in the simulation.
# ```
#
# ## Exercises
#
# ```{exercise}
# :label: ex-head
# Keep only the encoder from the source, under a fresh head. Where does it matter, with few or with many sentences?
# ```
#
# ```{solution} ex-head
# :class: dropdown
# Save the source's encoder with {py:func}`chemxl.models.encoders.save` and give its folder to a `FewShot` without a
# start. With few sentences the head has to be learnt from them alone, so the curve begins near the one without a
# source; with many, the two meet.
# ```
#
# ```{exercise}
# :label: ex-twostep
# Train on two sources first, one with the target's language and one with its kind of text. Is the sum of the two
# savings reached?
# ```
#
# ## Provenance
#
# The recorded numbers as files: {download}`rows <../book/recorded/05_transfer.csv>` and
# {download}`configurations <../book/recorded/05_transfer.configs.json>`.

# %%
pivots.provenance(rows, records.read(chapter.stem))
