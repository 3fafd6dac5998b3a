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
# - A tagger that was trained on other text is a better start where labelled sentences are few ({term}`transfer learning`, перенос
#   обучения). With 50 sentences of Russian drug reviews F1 on drugs is {glue:text}`ugt_drugs_none_50` without another text and
#   {glue:text}`ugt_drugs_best_50` after English abstracts.
# - With 2,000 it makes little difference: {glue:text}`ugt_drugs_none_2000` and {glue:text}`ugt_drugs_best_2000`.
# - "99 % of full performance after so many sentences", as the paper reports it, depends on luck: of simulated runs
#   {glue:text}`early_least` to {glue:text}`early_most` get there too early.
#
# ```{glue} answer
# ```
#
# ## Claims
#
# What is claimed, tried on what was recorded on real text. [All claims](11_claims.ipynb) of all papers.

# %%
from chemxl.results import claims

claims.table("05_transfer")

# %% [markdown]
# ## Question
#
# {cite:t}`miftahutdinov-2020-interlingual` train one recogniser for drugs and one for diseases on each of four corpora: {term}`user-generated text` (пользовательские тексты) and
# {term}`health records <electronic health record>` (электронные медицинские карты), in English and in Russian. How well does
# a model find the mentions of a corpus that it has never seen ({term}`zero-shot transfer`, перенос без обучающих примеров)?
# And if it goes on to learn from a few sentences of that corpus ({term}`few-shot transfer <few-shot>`), how many fewer are needed than without?
# Does F1 scatter less? They report that pretrained models come to 98 to 99 % of full performance with 10 to 25 % of the
# sentences, on three of four corpora, and that F1 varies less from one number of sentences to the next; for diseases in
# Russian health records their table 5 shows nothing saved. It seems that each point is one run and that every entity type has
# models of its own: three targets, two types, three sources and forty sizes are 720, the number of models that they name. Here every
# point has seeds, F1 has an interval, and zero-shot scores and curves are tested.

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
few_as_long: list = [60, 160]
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl.evaluation import metrics
from chemxl.results import chapters, figures, records, show
from chemxl.results import tables as pivots
from chemxl.transfer import chapter, tables

# %% [markdown]
# ## Data
#
# The `real` profile reads RuDReC {cite}`tutubalina-2021-rudrec` (Russian drug reviews), RuCCoN {cite}`nesterov-2022-ruccon`
# (Russian health records) and, in the place of CADEC and n2c2, which may not be passed on, PsyTAR {cite}`zolnoori-2019-psytar` (English drug
# reviews, which have no type for the drug itself) and BC5CDR {cite}`li-2016-bc5cdr` (English abstracts); the Russian abstracts of
# BioNNE-R {cite}`davydova-2024-bionne` are a fifth. Its English abstracts are no source: without those that are tested on,
# only 591 sentences are left.
# The `paper` profile reads CADEC {cite}`karimi-2015-cadec` and n2c2 {cite}`henry-2020-n2c2` from the user's own copies. The `small` profile
# reads the reviews and the notes of the mini corpus, each in two languages, for drugs.
#
# RuDReC is what the paper calls RU UGT, published with more reviews, and RuCCoN has nearly as many records and drugs as the
# paper's RU EHR {cite}`miftahutdinov-2020-interlingual`. Cells between these two are the nearest to the paper's, and not the
# same: annotation, split and encoder are others. All other cells share only the name.
#
# Subtypes are joined into one type: disease is also symptom, finding and adverse reaction. The paper does this, too, but its
# Russian reviews have no findings. What counts as
# a drug differs more than its name says: in RuDReC a medicine or its class, in RuCCoN a medicine, in BC5CDR and in
# BioNNE-R every chemical substance. A corpus without a test part that fits is split 70 to 30 by document. Models learn
# from *sentences* and are tested on sentences; of long test parts a sample is scored, drawn from all documents.

# %% tags=["code"]
settings = chapter.Settings.given(globals())
rows = chapters.results(chapter, settings)
built, recorded, reported = pivots.parts(rows)
shown = {"Recorded": recorded, "This build": built}
show.tabs(
    shown,
    lambda found: show.table(
        tables.material(found),
        caption="What is trained and tested on",
        note="Sentences and mentions. As a source, a text is cut to a number of sentences; the few sentences of a target are drawn "
        "from all of its training part. "
        "Of overlapping mentions the outermost is learnt and scored, whatever else is annotated.",
    ),
)

# %% [markdown]
# A sentence of the training part that also stands in a held-out document is left out, so that nothing is tested that was
# learnt by heart. Health records and reviews repeat headings and phrases, and those seldom hold a mention. The more of
# them go, the denser are mentions in what is left, and the more do $n$ drawn sentences teach: where the last column is
# larger than the one before it, numbers of sentences below look smaller than with the paper's split, which, it seems, leaves such
# sentences in.

# %%
caption = "Sentences that stand in a held-out document, too"
show.tabs(shown, lambda found: show.table(tables.repeated(found), caption=caption, digits=1))

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
# **How long is trained?** In the paper the loss became stable after 35 to 40 epochs; it does not say how long every model was
# trained. Here few sentences are read often, until about `few_visits`
# have been read, and more of them for as many epochs as a source, never fewer. So a model of many sentences has read
# more than one of few, and of models without a source full performance most, where the training part is cut as a source is. A
# model after a source has read more than that. A table below says how much was read at each size.
#
# **The source, or longer training?** $\theta_{s,n}$ has read the source as well as $D_n$. At the sizes `few_as_long` a tagger without a
# source is trained once more, for so many epochs over $D_n$ that it has read as many sentences in all. What it
# gains over $\theta_n$ is longer training; what $\theta_{s,n}$ gains over it, the source.
#
# **How many sentences are enough?** Let $F(n)$ be mean F1 over seeds. The paper takes the first $n$ at which one run reaches 99 % of the F1 that the whole
# training part gives. Runs scatter, and of many values that scatter about a line the first above it may come early. Here the mean
# curve is made monotone first ({term}`isotonic regression`), and
#
# $$n^* = \min \{ n : \tilde F(n) \ge 0.99\, F_{\mathrm{full}} \}, \qquad \tilde F = \operatorname*{arg\,min}_{f \text{ rising}} \sum_n (f(n) - F(n))^2$$ (eq-enough)
#
# with straight lines between sizes. Documents and seeds are drawn again for the interval ({py:mod}`chemxl.evaluation.learning_curves`).
# $F_{\mathrm{full}}$ is that of the target's tagger in the matrix. Sentences saved are the difference of two $n^*$, both measured against the full
# performance without transfer. Where one of two curves does not get there, only a bound is known ("≥" or "≤"), and an
# end of the interval is infinite. Where a curve has reached the goal with the fewest sentences that were run ("≤"), that number stands
# for it, so that sentences saved may be wrong by as much; "0 [0, 0]" says only that both curves had. Goals of 90 % are reached more often. What transfer brings over all sizes is the area between two curves, over $\log n$,
# so that from 50 to 100 sentences counts as much as from 1,000 to 2,000.

# %% [markdown]
# ## Experiment
#
# A list of values: source × target × type × size × seed. [They can be sent to a cluster](../book/cluster.md). First the
# matrix; it says which source is the best and which the worst for each target, and those go on to the curves
# ({py:func}`chemxl.transfer.chapter.lines`). All were computed above, or read from the cache.

# %% [markdown]
# ## Result
#
# ### Zero-shot transfer
#
# Rows are what is tested on, columns what was trained on; on the diagonal, in-corpus performance. Each cell is compared with
# the best tagger of its row that learnt from another text than the one tested: "+" marks F1 that is higher by more than
# chance, which only the diagonal can be, "−" what is lower. Intervals and p-values are corrected by Holm's method over all pairs of
# texts on all tests of a type, since the best is chosen by the same scores.

# %%
note = "Exact character spans, mean over seeds; F1 with 95 % intervals over documents and seeds."
everything = {"Recorded": recorded, "Paper 1, tables 2 and 3": reported, "This build": built}
display(
    show.tabs(
        everything,
        lambda found: [
            figures.matrix(
                tables.matrix(group),
                xlabel="trained on",
                ylabel="tested on",
                caption=f"F1 for {type}; the darker, the higher.",
                alt=f"A matrix of F1 for {type}, a row a text that is tested on, a column one that was trained on.",
            )
            for type, group in found.query("train.notna()").groupby("type", sort=False)
        ],
    ),
    show.tabs(
        everything,
        lambda found: [
            show.table(tables.zero_shot(group, metric), caption=f"{type}, {metric}, tested on", note=note)
            for type, group in found.query("train.notna()").groupby("type", sort=False)
            for metric in metrics.SCORES
        ],
    ),
)

# %% [markdown]
# The differences behind the marks: a line for every tagger but the best one from other text. Recorded differences follow
# the older rule: their intervals are not corrected, and their p takes the seeds as they are.

# %%
keys = ["type", "test", "train", "less_train"]
show.tabs(
    shown,
    lambda found: show.table(pivots.listed(tables.tests(found), keys), caption="F1 minus that of the best other text"),
)

# %% [markdown]
# ### Few-shot transfer
#
# The paper's figure 1, with intervals. Sources are the best and the worst of the matrix for each target; zero-shot transfer is
# the point at 0 sentences.

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
    "Sentences read in training, those that come again counted, and steps; mean over seeds. After a source the numbers are the "
    'same, and what the source was trained on comes on top; the lines "as long" read that much without a source.'
)
show.tabs(shown, lambda found: show.table(tables.lengths(found), caption="Length of training at each size", note=note))

# %% [markdown]
# ### The source, or longer training?
#
# At each size of `few_as_long`: F1 of every start minus F1 of a tagger without a source that was trained longer, until it had
# read as many sentences as source and target together. Above zero, the source helps beyond longer training. In the line "none", a
# number below zero says that longer training alone helps. "As long" is F1 of the longer training. Tests as above, corrected over all lines of a type.

# %%
caption = "F1 minus F1 without a source, trained as long"
show.tabs(shown, lambda found: show.table(tables.as_long(found), caption=caption))

# %% [markdown]
# ### How many sentences are enough?
#
# The paper's table 5, and the same here, with the source that was the best or the worst of the matrix:

# %%
show.table(
    tables.beside(built, recorded, reported),
    caption="Labelled sentences to 99 % of full performance",
    note='Here 95 % intervals over documents and seeds; ">" where a curve does not reach it with the most sentences that were run, '
    '"≤" where it has with the fewest. Full performance is here that of a training part cut as a source is, in the paper that of the whole.',
)

# %% [markdown]
# The paper's text does not always say what its table 5 says. It speaks of up to 550 sentences saved; the table has 950 for drugs in
# Russian health records (1,500 − 550). The 23.56 % of its Russian reviews that the best pretraining takes are 700 sentences; the 31.97 %
# without pretraining would then be 950, where the table has 1,000 and 1,100. For drugs in these reviews the worst
# pretraining needs fewer sentences (650) than the best (700). How the two were chosen is not said.
#
# `to 99 %` is $n^*$ of {eq}`eq-enough`; `first crossing` is what the paper does, with straight lines between sizes, the median over seeds with the least and the largest;
# `saved` is against no pretraining, `neither` the share of draws in which neither of the two gets there; `area` is F1 averaged over the logarithm of the number of sentences, `gained` how much larger it is than without
# pretraining, and `p` how likely chance alone gives so large a difference, corrected by Holm's method over the table. `scatter` is the standard
# deviation of F1 over seeds at one size, pooled over all sizes, and has no interval. The paper means something else by
# stability: how F1 moves from size to size.

# %%
note = "95 % interval over documents and seeds, the same draws for both where two are compared; of first crossings, their range."
show.tabs(
    shown,
    lambda found: [
        show.table(tables.summary(found), caption="Labelled sentences that are enough", note=note),
        show.table(tables.heights(found), caption="Areas under the curves", note=note),
    ],
)

# %% [markdown]
# How far can the first crossing of one run be trusted? Suppose that the mean curve is just as it was measured for
# no pretraining, made monotone. Each run has one random shift that it keeps at all sizes, and a second, new one at each. How large the two
# are is estimated from how seeds differ at the larger half of the sizes and in full performance. Where would
# single runs at forty sizes, as many as the paper has, cross first? With so many sizes a run has many chances to be above the line by luck;
# with the few sizes of the figure it has not, and there the first crossing says little else than the curve does.

# %%
note = (
    "The simulated curve rises to its last size, so that the right answer is known; the goal of each run is 99 % of its own full performance, "
    "which scatters, too. The median of runs and 95 % of them; a run that never crosses counts as late. If luck had no direction, half of "
    "the runs would be too early."
)
show.tabs(shown, lambda found: show.table(tables.early(found), caption="First crossing of simulated runs", note=note))

# %% [markdown]
# ### What was found
#
# Recorded with the first six of e5-small's twelve layers and three seeds.
#
# **Zero-shot.** For drugs F1 is {glue:text}`ugt_drugs_own` in Russian reviews and {glue:text}`ehr_drugs_own` in Russian records; the best
# tagger of other text has {glue:text}`ugt_drugs_best_0` ({glue:text}`ugt_drugs_best`) and {glue:text}`ehr_drugs_best_0`
# ({glue:text}`ehr_drugs_best`). For diseases it is {glue:text}`ugt_diseases_own` and {glue:text}`ehr_diseases_own` against
# {glue:text}`ugt_diseases_best_0` and {glue:text}`ehr_diseases_best_0` (both {glue:text}`ugt_diseases_best`). The language alone does not
# say what is a good source. English and Russian abstracts are each other's best, and Russian reviews are the best for English
# ones. What was learnt from Russian records carries over least, in all seven rows where it is tried, to other Russian text as well.
#
# **Few-shot.** After a source all eight curves lie higher than without, the worst source included. Averaged over the curve the gain is
# between {glue:text}`ehr_diseases_worst_gained` (diseases in Russian records, after English reviews) and {glue:text}`ehr_drugs_best_gained`
# (drugs there, after Russian abstracts), each clear by its test. It is had with few sentences: with 50, F1 for drugs in Russian reviews is
# {glue:text}`ugt_drugs_none_50` without a source and {glue:text}`ugt_drugs_best_50` after English abstracts; with 2,000 it is
# {glue:text}`ugt_drugs_none_2000` and {glue:text}`ugt_drugs_best_2000`. Few sentences can do harm, too: for drugs in Russian records the tagger
# of Russian abstracts has {glue:text}`ehr_drugs_best_0` as it is, and {glue:text}`ehr_drugs_best_100` after 100 sentences, which hold about 26 drugs.
#
# **The source, or longer training?** With 200 sentences, F1 after the best source minus that of a tagger that read as much without one is
# {glue:text}`ehr_drugs_best_long` for drugs and {glue:text}`ehr_diseases_best_long` for diseases in records, and {glue:text}`ugt_diseases_best_long` for
# diseases in reviews: there the source itself helps. For drugs in reviews it is {glue:text}`ugt_drugs_best_long`: what little is gained there at
# this size, longer training gives as well. Longer training alone
# brings little: F1 without a source minus the same after longer training is {glue:text}`ugt_drugs_none_long` and {glue:text}`ugt_diseases_none_long` in
# reviews, {glue:text}`ehr_drugs_none_long` and {glue:text}`ehr_diseases_none_long` in records. Each interval holds 0.
#
# **How many sentences are enough?** With 2,000 no mean curve comes to 99 % of full performance, which is that of 3,250 sentences; in the
# paper's table 5 all do. 90 % are reached, in reviews after {glue:text}`ugt_drugs_none_90` sentences for drugs without a source and
# {glue:text}`ugt_drugs_best_90` after the best one, for diseases after {glue:text}`ugt_diseases_none_90` and {glue:text}`ugt_diseases_best_90`. That saves
# {glue:text}`ugt_drugs_best_saved` and {glue:text}`ugt_diseases_best_saved`. In records it is
# {glue:text}`ehr_drugs_best_saved` and {glue:text}`ehr_diseases_best_saved`. The interval of every saving holds 0. It is no contradiction: transfer lifts
# the curve where sentences are few, and goals near full performance lie at its other end.
#
# **Does F1 scatter less?** Over seeds its standard deviation is {glue:text}`ugt_drugs_best_scatter` after the best source against
# {glue:text}`ugt_drugs_none_scatter` without for drugs in reviews, and {glue:text}`ehr_drugs_best_scatter` against {glue:text}`ehr_drugs_none_scatter` in
# records; for diseases {glue:text}`ugt_diseases_best_scatter` against {glue:text}`ugt_diseases_none_scatter`, and {glue:text}`ehr_diseases_best_scatter` against
# {glue:text}`ehr_diseases_none_scatter`. It is less each time, from three seeds and without a test.
#
# **The first crossing of one run** comes too early in {glue:text}`early_least` to {glue:text}`early_most` of simulated runs: for drugs in
# reviews at {glue:text}`early_runs` sentences in the median, where the curve itself crosses at {glue:text}`early_curve`.

# %%
for (type, test), group in recorded.query("test in ('RU UGT', 'RU EHR')").groupby(["type", "test"], sort=False):
    place = f"{test.removeprefix('RU ').lower()}_{type.lower()}s"
    for name, value in tables.glued(group, test).items():
        show.glue(f"{place}_{name}", value)
found = figures.curves(
    tables.drawn(recorded)["DRUG", "RU UGT"],
    xlabel="labelled Russian sentences",
    ylabel="F1, exact spans",
    limits=(0, 1),
    caption="Recorded: drugs in Russian drug reviews, by what the tagger had learnt from before.",
    alt="F1 on Russian drug reviews against labelled sentences: apart with 50 sentences, together with 2,000.",
)
show.glue("answer", found)
early = recorded.query("metric == 'too early'")["value"]
show.glue("early_least", f"{early.min():.0%}")
show.glue("early_most", f"{early.max():.0%}")
reviews = recorded.query("type == 'DRUG' and test == 'RU UGT'")
for name, metric in {"runs": "simulated runs cross", "curve": "simulated curve crosses"}.items():
    row = pivots.one(reviews.query("metric == @metric"))
    show.glue(
        f"early_{name}",
        tables.shown(row, min(reviews.sentences.dropna()), max(reviews.sentences.dropna())) if row else "—",
    )

# %% [markdown]
# Shared sub-tokens of entities, the paper's table 4, stand in [chapter 1](01_data_collection.ipynb); its baselines in
# [chapter 4](04_ner.ipynb).
#
# ## Limits
#
# - CADEC and n2c2 are not here. PsyTAR has one document a sentence, its own splits, and no drug type; sentences of one
#   review may stand in both its training and its test part, though no identical ones, and intervals that draw its sentences are too narrow. BC5CDR's abstracts are no health records. Cells that share a name with
#   the paper's do not share its data.
# - RuCCoN's test folder holds five records; they are not used, and 30 % of the other records are tested on. RuDReC is split
#   in the same way. No held-out document of these two is nearly one that is learnt from; a test of the package looks for such pairs
#   ({py:func}`chemxl.collect.duplicates.leaks`). The paper does not say whether it splits documents or sentences, and we do not have its split.
#   Here there is one split for all seeds, so that no interval knows what another one would give.
# - Of the longest test parts only some sentences are scored, to spare two cores; they come from all held-out documents, and none of these is learnt from.
# - The best and the worst source are chosen by zero-shot F1 on the test part; the paper does not say how it chose. The choice
#   uses no few-shot result; still, "best" is a little lucky, and tests of few-shot curves do not know of the choice.
# - Scatter and correlation of runs are estimated from few seeds, with many sentences, and taken to be the same at all sizes; runs on few sentences
#   scatter more, so that very early crossings are too rare in the simulation. The recorded intervals
#   draw three seeds out of three, and are much too narrow where seeds differ: an interval of the rule that [holds now](../book/running.md) can be
#   twice as wide.
# - Sentences to a goal, sentences saved and areas hold both, the source and the longer training; only the table of section "The
#   source, or longer training?" takes them apart, at few sizes. "As long" counts sentences. The longer training also has one schedule of rates where source and target have one each, and
#   reads the same few sentences many times.
# - The `real` profile keeps the first six of the encoder's twelve layers ({py:class}`chemxl.models.encoders.FirstLayers`, `base_layers`), so that
#   hundreds of trainings fit two cores. All scores are lower for it, zero-shot transfer more than in-corpus performance.
# - In the paper the loss became stable after 35 to 40 epochs. Here training is shorter, and a source, which is also what stands for full performance, is cut to a number of sentences and
#   epochs. Full performance is therefore below what the corpus can give. Whether 99 % of it comes earlier or later than in the paper is not known:
#   curves of few sentences are lower, too.
# - In the `paper` profile all is trained for 38 epochs with a rate that falls linearly at each step (the paper: polynomial, at each epoch); rate and
#   batch size are ours, since the paper gives none; n2c2 keeps its own test part, the paper splits it anew.
# - The sentence splitter looks at the annotated mentions, of the test part, too: it never cuts inside one. That helps
#   every tagger in a few places.
# - Counts are drawn again by document; for mini's test part, copies of one passage with other names count as
#   documents of their own, and its intervals are too narrow.
# - The weights of few-shot models are not kept: hundreds of encoders would fill a disk. A {py:class}`chemxl.ner.experiments.FineTune` on the same sentences
#   brings one without a source back.
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
# Save the source's encoder with {py:func}`chemxl.models.encoders.save` and give its folder to a `FewShot` without a start. With
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
#
# The recorded numbers as files: {download}`rows <../book/recorded/05_transfer.csv>` and
# {download}`configurations <../book/recorded/05_transfer.configs.json>`.

# %%
pivots.provenance(rows, records.read(chapter.stem))
