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
# # 2. Active learning
#
# ## Answer
#
# - It pays to ask the model for sentences ({term}`active learning`, активное обучение), while trainings are short. Where it chooses by the
#   margin, mean F1 over the rounds is higher than with sentences drawn at random, by {glue:text}`bc5cdr_margin` on BC5CDR and
#   {glue:text}`bionne_margin` on BioNNE-R in Russian; by the paper's {term}`Mahalanobis distance` (расстояние Махаланобиса), by {glue:text}`bc5cdr_mahalanobis` and
#   {glue:text}`bionne_mahalanobis`.
# - {term}`Spectral normalisation` (спектральная нормализация) is not what makes the distance work. With it F1 is no higher on
#   BC5CDR, {glue:text}`bc5cdr_norm`, and lower on BioNNE-R, {glue:text}`bionne_norm`.
# - Whether it pays where models are trained to their end is not known. 300 random sentences of BC5CDR give {glue:text}`bc5cdr_f1_random` here;
#   with 200, [chapter 6](06_contrastive_pretraining.ipynb) has {glue:text}`recipe`.
#
# ```{glue} answer
# ```
#
# ## Claims
#
# What is claimed, tried on what was recorded on real text. [All claims](11_claims.ipynb) of all papers.

# %%
from chemxl.results import claims

claims.table("02_active_learning")

# %% [markdown]
# ## Question
#
# {cite:t}`molodchenkov-crosslanguage` collected more than two thousand English and fifteen hundred Russian texts. Experts
# annotated in {term}`brat`, how many of them is not said, and the model chose: the examples that are hardest for it are annotated next, and it is
# trained again. Hard means far from the centroids of all classes, by the Mahalanobis distance on a spectrally normalised
# network. The paper gives the method and no number: neither how much annotation it saved, nor whether chance or
# a simpler measure would have saved as much. This chapter asks both, and whether {term}`spectral normalisation`
# (спектральная нормализация) is what makes the distance work.

# %% tags=["parameters"]
profile: str = "small"
encoder: str = "in-the-box"
layers: int = 0
methods: list = ["random+none", "entropy+none", "mahalanobis+none", "mahalanobis+always"]
rounds: int = 3
budget: int = 30
sentences: int = 300
documents: int = 0
steps: int = 48
rate: float = 0.0003
head_rate: float = 0.01
tokens: int = 128
whole_epochs: int = 2
bound: float = 1.25
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl.active import chapter, curves
from chemxl.active.methods import HEADS, Method
from chemxl.annotate.handover import hand_over
from chemxl.results import chapters, figures, findings, records, show, tables

# %% [markdown]
# ## Data
#
# A *pool* (пул неразмеченных текстов) of sentences is there without labels; whoever annotates is asked for some of them
# in each round. Here the annotator is simulated: what was asked for gets the corpus's own annotation, and, if one wants,
# a share of mistakes ({py:class}`chemxl.active.oracle.Annotated`). The `real` profile has chemicals in BC5CDR
# {cite}`li-2016-bc5cdr` and in the Russian abstracts of BioNNE-R {cite}`davydova-2024-bionne`, the `small` one the mini
# corpus in Russian, expanded by swapping names. Of real corpora so many sentences and test documents are drawn as the
# parameters `sentences` and `documents` say. Whatever is tested on, or is a translation or copy of it, is in no pool.

# %%
settings = chapter.Settings.given(globals())
data = chapter.data(settings)
show.table(
    chapter.overview(data),
    caption="What is chosen from and tested on",
    note="The pool has each sentence once. The test set is read as whole documents; mentions are those of one layer.",
    digits=1,
)

# %% [markdown]
# What comes back from a round: sentences with every mention marked. Below are three of the pool as the simulated annotator
# gives them back. Others' corpora may not be shown here; with the real ones nothing is.

# %%
display(*[show.entities(unit) for unit in chapter.examples(data[0], publishable=profile == "small")])

# %% [markdown]
# ## Method
#
# The loop that the paper describes (the figure that it refers to is not printed) has two halves. One *annotates*: brat receives
# the chosen texts, an expert annotates them, and pairs of text and annotation come back. The other *fine-tunes*: it takes new texts out of
# the pool, has them annotated, trains the model again, chooses the next, and is evaluated.
#
# **Uncertainty by distance.** Let $h_i$ be the hidden representation (скрытое представление) of word $i$, $\mu_c$ the
# centroid (центроид) of class $c$, a label of {term}`BIO`, and $\Sigma$ the covariance matrix within classes: that of the
# differences of words from their own class's centroid, all classes pooled, from the words annotated so far. The distance
# to a class is
#
# $$\mu_{MD} = (h_i - \mu_c)^{\mathsf T}\, \Sigma^{-1} (h_i - \mu_c)$$ (eq-mahalanobis)
#
# and the uncertainty that of the nearest class {cite:p}`lee-2018-simple`. The paper calls $\Sigma$ the covariance of the training
# instances; that it is taken within classes is what the cited method does. The inverse is never formed: with the
# factorisation of Cholesky, $\Sigma = L L^{\mathsf T}$, all words and centroids are multiplied by $L^{-1}$ by solving a
# triangular system, and what is left is the squared Euclidean distance. A first round has only a few words for each
# dimension, and the smallest eigenvalues of $\Sigma$ come out far too small; it is therefore always shrunk towards a multiple of
# the identity {cite:p}`chen-2010-oas` ({py:mod}`chemxl.active.uncertainty`). The paper does not say so. In one check on features of BC5CDR, which is
# not among the recorded rows, shrinking hardly changed how uncertainties rank.
#
# **On a normalised layer.** A network may fold what is unfamiliar onto what it knows, and distances then say nothing. The
# paper bounds how far its classification head can stretch: no two words leave a normalised layer further apart than they
# entered it. How far it can squeeze is not bounded, since the smaller singular values may be anything. With the
# {term}`spectral norm` (спектральная норма) of a layer's weights,
#
# $$v = \lVert W \rVert_2$$ (eq-norm)
#
# estimated by power iteration (степенной метод) at each training step {cite:p}`miyato-2018-spectral`, the weights and the hidden
# representation become
#
# $$\tilde W = \frac{W}{v}$$ (eq-normalised)
#
# $$\tilde h(x) = \tilde W x + b$$ (eq-hidden)
#
# To divide $W$ by a number changes no distance {eq}`eq-mahalanobis`: all $h_i - \mu_c$ become shorter by it and $\Sigma$ by
# its square. So whatever normalisation does, it does by way of training, whose gradients flow through $v$, and of the
# nonlinearity that follows the layer.
#
# The vectors of the iteration are kept from step to step, so that a few steps follow the weights as they change:

# %%
show.table(
    chapter.worked(seed=0),
    caption="Spectral norm of a random 64 by 64 matrix, by power iteration from nothing and by torch",
    digits=4,
)

# %% [markdown]
# The head has two layers, as in the code of {cite:t}`vazhentsev-2022-uncertainty`, who use the same distance and the same
# normalisation; the paper neither cites them nor names code of its own. One is a
# normalised layer, after whose nonlinearity the distances are computed, the other gives scores. `+always` in a method's name
# divides by $v$ at every step, as the paper says; `+bound` only where $v$ is above a bound, as that code does; `+none` is
# the same head without normalisation; and a name without any has one layer and the encoder's own output in its place. Tables
# have it in the column `normalisation`. All
# heads of two layers begin alike for one seed, with orthogonal weights in the first, whose singular values are all 1. So
# `+bound` with a bound of 1 would be `+always` as long as training lets $v$ grow, and with one that training does not
# reach it is `+none`.
#
# **Other uncertainties.** `probability` is 1 minus the probability of the assigned class, which the paper names, too, as
# it does the distance to the assigned class's centroid (`centroid`); `margin` {cite:p}`scheffer-2001-margin`, `entropy`
# {cite:p}`settles-2008-sequence`, `mnlp`, the mean of the words' surprisals {cite:p}`shen-2018-deep`, and `bald`, what dropout
# disagrees on {cite:p}`gal-2017-deep`, are the ones that others use. `badge`
# {cite:p}`ash-2020-badge` and `core-set` {cite:p}`sener-2018-coreset` choose sentences that also differ from each other.
# All are behind one call, {py:func}`chemxl.active.strategies.query`.
#
# **From words to a sentence.** An uncertainty is one of words; a person is given sentences. Methods take the *mean*
# over words unless `+max`, `+sum` or `+entity` says otherwise; the last is the mean over words that the model holds to be part of a
# mention. The choice is not innocent, as the last figure shows.
#
# ## Experiment
#
# All methods begin with the same random sentences of a seed, and every model of one head is trained from the same
# beginning. Every training has the same number of steps, and batches of the same number of tokens, however few sentences are
# annotated or how long they are: those come again, or the first rounds would compare how little is learnt in a few steps
# {cite:p}`mosbach-2021-stability`. What the pool could give at most is another question: with everything annotated a model
# reads each sentence `whole_epochs` times, about as often as the last round's sentences were read, and takes more steps.

# %% tags=["code"]
rows = chapters.results(chapter, settings)
built, recorded, _ = tables.parts(rows)
shown = {"Recorded": recorded, "This build": built}

# %% [markdown]
# ## Result
#
# ### Learning curves

# %%
show.tabs(
    shown,
    lambda found: [
        figures.curves(
            curves.curves(group),
            xlabel="annotated sentences",
            ylabel="F1",
            limits=(0, 1),
            caption=f"{name}.",
            alt=f"F1 on {name} against the number of annotated sentences, a line a method, from one beginning.",
        )
        for name, group in curves.families(found).items()
    ],
)

# %% [markdown]
# A person reads words, and not sentences. The same rounds of this build, by the number of words that were annotated; words were not
# recorded by round on real text:

# %%
for name, group in curves.families(built).items():
    display(
        figures.curves(
            curves.curves(group, words=True),
            xlabel="annotated words (mean over seeds)",
            ylabel="F1",
            limits=(0, 1),
            caption=f"This build: {name}.",
            alt=f"F1 on {name} against the number of annotated words, a line a method; the lines end at different places.",
        )
    )

# %% [markdown]
# Does a method only choose longer sentences? The mean F1 over a curve, its height, is given by sentences over all rounds, and by words
# between the first round and the number of words that all methods come to. By words it is {glue:text}`bc5cdr_by_words`
# with the margin on BC5CDR and {glue:text}`bc5cdr_by_words_random` at random, on BioNNE-R {glue:text}`bionne_by_words` and
# {glue:text}`bionne_by_words_random`. The intervals overlap, and no difference by words was recorded: it is not decided.

# %%
note = (
    "F1 after the last round; area: mean F1 over annotated sentences, and over annotated words. Exact character spans, mean over seeds, "
    "95 % interval over documents and seeds. Method “all”: the whole pool is annotated."
)
show.tabs(
    shown,
    lambda found: [
        show.table(curves.reached(group), caption=f"What was reached on {test}", note=note)
        for test, group in found.groupby("test", sort=False)
    ],
)

# %% [markdown]
# What training made of the normalised layer, with everything annotated:

# %%
note = "As it computes with them, after division by v where it divides; mean over seeds. All are 1 before training."
for part in data:
    cells = chapter.norms(chapter.wholes(settings, part))
    display(show.table(cells, caption=f"Singular values of the layer's weights after training, {part.name}", note=note))

# %% [markdown]
# ### Which differences are more than chance?
#
# Each method is compared with random sentences and the same head, and each head
# with the first one and the same strategy, on the same documents. A difference is clear if its interval excludes zero, whatever is
# compared ([how sure a number is](../book/running.md)).
#
# - **Asking**: over all rounds every method that asks is clearly better than random sentences, on both tests. After the last round the
#   distance on BioNNE-R is not, {glue:text}`bionne_mahalanobis_last`.
# - **Normalisation**: no gain by it is clear. One loss is, that of the distance over all rounds on BioNNE-R; after the last round it is
#   {glue:text}`bionne_norm_last`, which decides nothing.
# - Margin, entropy and distance were not tested against each other.

# %%
note = (
    "A method's F1 less that of “less”. Recorded differences follow the older rule: their intervals are not corrected over the table, and with three "
    "seeds they are too narrow."
)
show.tabs(
    shown,
    lambda found: [
        show.table(curves.differences(group), caption=f"Differences of F1 on {test}", note=note)
        for test, group in found.groupby("test", sort=False)
    ],
)

# %% [markdown]
# ### Sentences that are needed
#
# Which number of annotated sentences gives the F1 that random sentences with the same head end in? On BioNNE-R
# the margin comes to it with {glue:text}`bionne_needed` and saves {glue:text}`bionne_saved`. On BC5CDR it saves
# {glue:text}`bc5cdr_saved`: random sentences may be there after the first round. No method comes to 95 % of the F1 with the whole pool annotated.

# %%
note = (
    "Where the mean curve, made monotone, is as high as the goal, with a 95 % interval over documents and seeds; “>” where it does not come there with "
    "the sentences of all rounds, “≤” where it is there after the first. A goal that no method comes to is left out."
)
show.tabs(shown, lambda found: show.table(curves.needed(found), caption="Sentences that are needed", note=note))

# %%
findings.glue(chapter.stem)
found = figures.curves(
    curves.curves(curves.families(recorded)["BioNNE-R RU"]),
    xlabel="annotated sentences",
    ylabel="F1, exact spans",
    caption="Recorded: chemicals in Russian abstracts (BioNNE-R), by how sentences are chosen.",
    alt="F1 on Russian abstracts against annotated sentences: all methods that ask the model are above random sentences.",
)
show.glue("answer", found)

# %% [markdown]
# ### Do uncertainties find errors?
#
# {term}`Calibration` here is a matter of order: is a word that the model labels wrongly less sure than one that it labels
# rightly? One half is chance. The models are those that were trained on random sentences, so that no measure has chosen
# its own training data; the words are those of the test set, read sentence by sentence as the models were trained.
#
# Entropy finds errors better than the distance: {glue:text}`bc5cdr_auroc_entropy` and {glue:text}`bc5cdr_auroc_mahalanobis` on BC5CDR,
# {glue:text}`bionne_auroc_entropy` and {glue:text}`bionne_auroc_mahalanobis` on BioNNE-R. Over three seeds the two intervals lie apart on both.

# %%
show.tabs(
    shown,
    lambda found: [
        figures.bars(
            [
                figures.Bar(row.uncertainty, row.value, row.low, row.high, group=HEADS[row.normalisation])
                for row in group.itertuples()
            ],
            xlabel="area under the ROC curve, errors of words",
            interval="95 % t interval over seeds",
            caption=f"{test}, after the last round.",
            alt=f"How often a wrong word of {test} is less sure than a right one, bars by uncertainty and head.",
        )
        for test, group in found.query("metric == 'AUROC'").groupby("test", sort=False)
    ],
)

# %% [markdown]
# If the least sure words were left to a person, how many errors would stand in the rest
# {cite:p}`geifman-2017-selective`?

# %%
for part in data:
    display(
        figures.curves(
            chapter.risks(settings, part, ["mahalanobis", "centroid", "probability", "entropy", "bald"]),
            xlabel="words that are kept, the surest first (%)",
            ylabel="wrong among them (%)",
            limits=(0, 100),
            caption=f"This build: {part.name}, models trained on random sentences, after the last round.",
            alt=f"Share of wrong words of {part.name} among the surest against their share of all, a line an uncertainty.",
        )
    )

# %% [markdown]
# ### How long are the chosen sentences?
#
# One model, trained on all rounds of random sentences, one pool, one budget; only the way from words to sentences differs. By the
# mean over words, as the loops choose, the distance prefers short sentences: {glue:text}`bc5cdr_chosen` words on BC5CDR and {glue:text}`bionne_chosen` on
# BioNNE-R, where sentences of the pool have {glue:text}`bc5cdr_pool` and {glue:text}`bionne_pool`.

# %%
show.tabs(
    shown,
    lambda found: [
        figures.bars(
            [
                figures.Bar(row.uncertainty, row.value, row.low, row.high, group=row.aggregation)
                for row in group.query("uncertainty.notna()").itertuples()
            ],
            xlabel="words a sentence",
            interval="95 % t interval over seeds",
            caption=f"Sentences of {test} that would be chosen next. Those of the pool have "
            f"{tables.one(group.query('uncertainty.isna()'))['value']:.1f} words on average.",
            alt=f"Mean number of words of sentences chosen from {test}, bars by uncertainty and aggregation.",
            fmt=".1f",
        )
        for test, group in curves.chosen(found).items()
    ],
)

# %% [markdown]
# ### With a person
#
# The same loop with a person in the place of the simulated annotator. `chemxl annotate out` chooses texts with a trained
# tagger and writes them with what it finds in them as a brat project: `round-001` with a text and an `.ann` for each,
# `annotation.conf` and `visual.conf`. After the work in brat, `chemxl annotate in` reads the folder back, says what was
# added, removed, retyped or moved, and refuses what is malformed, with file and line. It never writes into the folder that a
# person has worked in; what it keeps stands beside it.
#
# ```bash
# chemxl annotate out texts/*.txt --project rounds --count 20 --strategy mahalanobis
# # … annotate rounds/round-001 in brat …
# chemxl annotate in --project rounds
# ```
#
# What is kept is a corpus to train on, {py:class}`chemxl.annotate.rounds.Brought`; the next `out` leaves out what was given
# out already.
#
# The same folder opens in a notebook, too ({py:class}`chemxl.annotate.widget.Annotator`): mark text with the mouse or the
# keyboard, choose a type by its number, undo, save. On a page that is only read it shows what it holds: here what the
# first round's model asks for next, with the mentions that it finds, which are to be corrected.

# %%
if profile == "small":  # others' corpora may not be shown
    display(hand_over(chapter.loops(settings, data[0])[Method.of(methods[-1])][0]))

# %% [markdown]
# ## Limits
#
# - **Short trainings.** The `real` profile draws 1,500 sentences for each pool and 150 test documents, and trains for 150 steps, since it ran on
#   two cores. With the settings of chapter 6, which tests on all of BC5CDR's test documents, F1 is higher with fewer sentences. What is gained by asking a model that was trained too little need not be gained by asking a better one. The
#   rate was chosen on sentences of BioNNE-R's pool that no training read, and used for BC5CDR, too: at twice that rate trainings on few Russian sentences collapsed.
# - **Three seeds.** The recorded intervals draw three out of three and are too narrow, and they are not corrected over the table. After 60
#   Russian sentences at least one model has an F1 near 0: its first choice is close to blind.
# - **Not the paper's own criteria.** `probability` and `centroid`, which the paper names, ask in no recorded round, nor do `badge`,
#   `core-set` and `bald`; and methods are tested against random sentences, not against each other.
# - The paper had experts annotate, and reports no curve and no number. Here corpora that were annotated by others play the expert, who
#   is never tired and never in doubt; `ActiveLearning(noise=…)` makes mistakes, but not those of a person.
# - The paper chooses texts; here sentences are chosen.
# - The paper computes distances on {eq}`eq-hidden` itself; here they are computed after the nonlinearity (GELU) behind it, as in the code
#   named above. It does not say whether $h_i$ is a sub-token, a word or a text, nor how distances become one of a text. Here it
#   is a word's first piece, and the mean over words.
# - The layer that is normalised begins with orthogonal weights and is trained at the encoder's rate, which the paper does
#   not say. With torch's usual weights a word loses most of its length on the way through it, and at the rate of a head
#   $v$ soon grows so much that division leaves little of the other directions ({py:mod}`chemxl.active.spectral`).
# - Models learn from single sentences and are tested on whole documents, whose sentences they read in a context that they
#   did not have in training. It is the same for all methods.
# - All trainings of a loop have the same number of steps; the one with everything annotated has more. It is a goal, not the last
#   point of a curve: part of what it gains is longer training.
# - Of the profiles only `paper` has `+bound` among its methods: it lies between `+none` and `+always`, which all have.
#   `"mahalanobis+bound"` adds it; `bound` is to be chosen between 1 and the norm that the table shows of `+none`, or it is
#   one of these two.
# - In the `small` profile the pool repeats the same passages with other names, so that the choice of sentences matters less
#   than in real text. Every training there has as many steps, and few: F1 hardly rises from round to round, and no strategy is clearly ahead.
#   Its curves show that the code runs, not which method is good.
# - `bald` draws dropout in front of the last layer alone, since encoders here are fine-tuned without any.
# - A strategy chooses all sentences of a round by one model. Two that are alike are both chosen, except by `badge` and
#   `core-set`; smaller rounds would help the others.
# - Numbers of sentences come from straight lines between rounds ({py:mod}`chemxl.evaluation.learning_curves`).
#
# ## Exercises
#
# ```{exercise}
# :label: ex-sum
# Add `"entropy+none+sum"` to `methods`. Does it beat `entropy+none` by annotated sentences? And by annotated words?
# ```
#
# ```{solution} ex-sum
# :class: dropdown
# The sum prefers long sentences, so that as many of them have more words annotated; no model is trained longer for it,
# since all have the same number of steps. Compare the columns `area` and `area by words`: by sentences the sum has the advantage of its words, by
# words it has not. In the figure by words its line ends further to the right, beyond where the others can be compared.
# ```
#
# ```{exercise}
# :label: ex-noise
# Let the annotator miss every tenth mention (`noise` of {py:class}`chemxl.active.experiments.ActiveLearning`). Which method
# suffers more, random sentences or the one that asks for the hardest?
# ```
#
# ## Provenance
#
# The recorded numbers as files: {download}`rows <../book/recorded/02_active_learning.csv>` and
# {download}`configurations <../book/recorded/02_active_learning.configs.json>`.

# %%
tables.provenance(rows, records.read(chapter.stem))
