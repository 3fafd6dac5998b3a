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
# - Letting the model choose the sentences to annotate ({term}`active learning`, активное обучение) pays off when
#   trainings are short. Compared with random sentences, the choice by the margin between the two most probable labels
#   raises the mean F1 over the rounds by {glue:text}`bc5cdr_margin` on BC5CDR and {glue:text}`bionne_margin` on
#   BioNNE-R in Russian. The choice by the paper's {term}`Mahalanobis distance` (расстояние Махаланобиса) raises it by
#   {glue:text}`bc5cdr_mahalanobis` and {glue:text}`bionne_mahalanobis`.
# - {term}`Spectral normalisation` (спектральная нормализация) is not what makes the distance work. The difference in
#   mean F1, with it less without it, is {glue:text}`bc5cdr_norm` on BC5CDR, no clear gain, and
#   {glue:text}`bionne_norm` on BioNNE-R, a clear loss.
# - Whether choosing pays off for fully trained models is not known. With 300 random sentences of BC5CDR, F1 is
#   {glue:text}`bc5cdr_f1_random` here; with 200 sentences and the settings of
#   [chapter 6](06_contrastive_pretraining.ipynb), it is {glue:text}`recipe`.
#
# ```{glue} answer
# ```
#
# ## Claims
#
# The papers' claims, judged by what was recorded on real text. [All claims](11_claims.ipynb) of all papers.

# %%
from chemxl.results import claims

claims.table("02_active_learning")

# %% [markdown]
# ## Question
#
# {cite:t}`molodchenkov-crosslanguage` collected more than two thousand English and fifteen hundred Russian texts.
# Experts annotated in {term}`brat`; the paper does not say how many of the texts. The model chose what they annotated
# next: the examples that are hardest for it. Then it was trained again. Hard means far from the centroids of all
# classes, by the Mahalanobis distance in a spectrally normalised network. The paper gives the method and no number:
# neither how much annotation it saved, nor whether a random choice or a simpler measure would have saved as much.
# This chapter asks both, and whether {term}`spectral normalisation` (спектральная нормализация) is what makes the
# distance work.

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
# A {term}`pool` (пул неразмеченных текстов) holds sentences without labels; in each round an annotator is asked to
# label some of them. Here the annotator is simulated: the chosen sentences get the corpus's own annotation and,
# optionally, a share of mistakes ({py:class}`chemxl.active.oracle.Annotated`). The `real` profile has chemicals in
# BC5CDR {cite}`li-2016-bc5cdr` and in the Russian abstracts of BioNNE-R {cite}`davydova-2024-bionne`, the `small` one
# the mini corpus in Russian, expanded by swapping names. For real corpora the parameters `sentences` and `documents`
# say how many sentences and test documents are drawn. Test documents, their translations and their copies are in no
# pool.

# %%
settings = chapter.Settings.given(globals())
data = chapter.data(settings)
show.table(
    chapter.overview(data),
    caption="Pools and test sets",
    note="The pool has each sentence once. The test set is read as whole documents; mentions are the outermost ones.",
    digits=1,
)

# %% [markdown]
# What comes back from a round: sentences with every mention marked. Below are three sentences of the pool as the
# simulated annotator returns them. Texts of real corpora may not be shown, so the `real` profile shows none.

# %%
display(*[show.entities(unit) for unit in chapter.examples(data[0], publishable=profile == "small")])

# %% [markdown]
# ## Method
#
# The loop that the paper describes (the figure that it refers to is not printed) has two halves. The *annotation*
# half gives the chosen texts to brat, where an expert annotates them, and takes back pairs of text and annotation.
# The *fine-tuning* half takes new texts out of the pool, has them annotated, trains the model again, evaluates it,
# and chooses the next texts.
#
# **Uncertainty by distance.** Let $h_i$ be the hidden representation (скрытое представление) of word $i$, $\mu_c$ the
# centroid (центроид) of class $c$, a label of {term}`BIO`, and $\Sigma$ the covariance matrix within classes. For
# $\Sigma$ the differences between the words annotated so far and the centroids of their own classes are pooled over
# all classes. The distance to a class is
#
# $$\mu_{MD} = (h_i - \mu_c)^{\mathsf T}\, \Sigma^{-1} (h_i - \mu_c)$$ (eq-mahalanobis)
#
# and the uncertainty is the distance to the nearest class {cite:p}`lee-2018-simple`. The paper calls $\Sigma$ the
# covariance of the training instances; taking it within classes is what the cited method does. The inverse is never
# formed. With the Cholesky factorisation $\Sigma = L L^{\mathsf T}$, all words and centroids are multiplied by
# $L^{-1}$ by solving a triangular system, and what is left is a squared Euclidean distance. A first round has only a
# few words per dimension, so the smallest eigenvalues of $\Sigma$ come out far too small; therefore $\Sigma$ is
# always shrunk towards a multiple of the identity {cite:p}`chen-2010-oas` ({py:mod}`chemxl.active.uncertainty`). The
# paper does not mention this. In one check on features of BC5CDR, which is not among the recorded rows, shrinking
# hardly changed the order of words by uncertainty.
#
# **On a normalised layer.** A network may map unfamiliar inputs onto familiar ones, and distances then say nothing.
# The paper bounds how far its classification head can stretch: no two words leave a normalised layer further apart
# than they entered it. How far the layer can squeeze them is not bounded, since the smaller singular values can be
# arbitrarily small. With the {term}`spectral norm` (спектральная норма) of a layer's weights,
#
# $$v = \lVert W \rVert_2$$ (eq-norm)
#
# estimated by power iteration (степенной метод) at each training step {cite:p}`miyato-2018-spectral`, the weights and
# the hidden representation become
#
# $$\tilde W = \frac{W}{v}$$ (eq-normalised)
#
# $$\tilde h(x) = \tilde W x + b$$ (eq-hidden)
#
# Dividing $W$ by a number changes no distance {eq}`eq-mahalanobis`: all $h_i - \mu_c$ become shorter by that factor,
# and $\Sigma$ by its square. So normalisation can act only through training, whose gradients flow through $v$, and
# through the nonlinearity that follows the layer.
#
# The vectors of the iteration are kept from step to step, so a few iterations are enough to follow the weights as
# they change:

# %%
show.table(
    chapter.worked(seed=0),
    caption="Spectral norm of a random 64 by 64 matrix, by power iteration from a random start and by torch",
    digits=4,
)

# %% [markdown]
# The head has two layers, as in the code of {cite:t}`vazhentsev-2022-uncertainty`, who use the same distance and the
# same normalisation; the paper neither cites them nor names code of its own. The first layer is the normalised one;
# distances are computed after its nonlinearity. The second gives scores. A method's name says how the first layer is
# treated; tables have this in the column `normalisation`:
#
# - `+always` divides by $v$ at every step, as the paper says.
# - `+bound` divides only where $v$ is above a bound, as that code does.
# - `+none` is the same head without normalisation.
# - A name without any of these means a head of one layer; distances are computed on the encoder's own output.
#
# With the same seed, all two-layer heads begin with the same weights, orthogonal in the first layer, so that its
# singular values are all 1. So `+bound` with a bound of 1 would equal `+always` as long as training lets $v$ grow,
# and with a bound that training does not reach it equals `+none`.
#
# **Other uncertainties.** `probability` is 1 minus the probability of the assigned class, and `centroid` the distance
# to the assigned class's centroid; the paper names both, too. Others use `margin`, the difference between the
# probabilities of the two most probable labels {cite:p}`scheffer-2001-margin`, `entropy`
# {cite:p}`settles-2008-sequence`, `mnlp`, the mean of the words' surprisals {cite:p}`shen-2018-deep`, and `bald`, the
# disagreement between dropout samples {cite:p}`gal-2017-deep`. `badge` {cite:p}`ash-2020-badge` and `core-set`
# {cite:p}`sener-2018-coreset` choose sentences that also differ from each other. All are behind one call,
# {py:func}`chemxl.active.strategies.query`.
#
# **From words to a sentence.** An uncertainty belongs to a word, but a person is given sentences. Methods take the
# *mean* over words unless `+max`, `+sum` or `+entity` says otherwise; `+entity` is the mean over words that the model
# labels as part of a mention. The choice matters, as the last figure shows.
#
# ## Experiment
#
# With the same seed, all methods begin with the same random sentences, and all models of one kind of head with the
# same weights. Every training has the same number of steps and batches of the same number of tokens, however few or
# long the annotated sentences are: sentences are repeated as needed. Otherwise the first rounds would only show how
# little is learnt in a few steps {cite:p}`mosbach-2021-stability`. What the whole pool could give is another
# question: with everything annotated a model reads each sentence `whole_epochs` times, about as often as the last
# round's sentences were read, and so takes more steps.

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
            alt=f"F1 on {name} against the number of annotated sentences, one line per method, all from the same start.",
        )
        for name, group in curves.families(found).items()
    ],
)

# %% [markdown]
# A long sentence is more work for a person than a short one. Below are the same rounds of this build, by the number
# of annotated words; on real text, words were not recorded round by round:

# %%
for name, group in curves.families(built).items():
    display(
        figures.curves(
            curves.curves(group, words=True),
            xlabel="annotated words (mean over seeds)",
            ylabel="F1",
            limits=(0, 1),
            caption=f"This build: {name}.",
            alt=f"F1 on {name} against the number of annotated words, one line per method; the lines end at different places.",
        )
    )

# %% [markdown]
# Is a method better only because it chooses longer sentences? The table gives the area, which is the mean F1 over a
# curve, in two ways: by sentences, over all rounds; and by words, between the first round and the number of words
# that all methods reach. By words, on BC5CDR it is {glue:text}`bc5cdr_by_words` with the margin and
# {glue:text}`bc5cdr_by_words_random` at random, on BioNNE-R {glue:text}`bionne_by_words` and
# {glue:text}`bionne_by_words_random`. On each test the two intervals overlap, and no difference by words was
# recorded: the question is undecided.

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
# What training did to the normalised layer, with everything annotated:

# %%
note = "As the layer uses them, after division by v where the head is normalised; mean over seeds. Before training all are 1."
for part in data:
    cells = chapter.norms(chapter.wholes(settings, part))
    display(show.table(cells, caption=f"Singular values of the layer's weights after training, {part.name}", note=note))

# %% [markdown]
# ### Which differences are more than chance?
#
# Each method is compared with random sentences under the same head, and each head with the first one, `none`, under
# the same strategy, always on the same documents. A difference is clear if its interval excludes zero
# ([how sure a number is](../book/running.md)).
#
# - **Choosing**: over all rounds every method that chooses is clearly better than random sentences, on both tests.
#   After the last round this does not hold for the distance without normalisation on BioNNE-R, where the difference
#   is {glue:text}`bionne_mahalanobis_last`.
# - **Normalisation**: it brings no clear gain. There is one clear loss, with the distance over all rounds on
#   BioNNE-R; after the last round the difference there is {glue:text}`bionne_norm_last`, which decides nothing.
# - Margin, entropy and distance were not compared with each other.

# %%
note = (
    "A method's F1 less that of the method or head under “less”. Recorded differences follow the older rule: their intervals are not corrected over the table, and with three "
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
# ### How many sentences are needed?
#
# How many annotated sentences reach the F1 that random sentences with the same head have after the last round? On
# BioNNE-R the margin reaches it with {glue:text}`bionne_needed` and saves {glue:text}`bionne_saved`. On BC5CDR it
# saves {glue:text}`bc5cdr_saved`, which is undecided: random sentences may be there after the first round. No method
# reaches 95 % of the F1 with the whole pool annotated.

# %%
note = (
    "Where the mean curve, made monotone, reaches the goal, with a 95 % interval over documents and seeds; “>” if it does not reach it with "
    "the sentences of all rounds, “≤” if it is there after the first. A goal that no method reaches is left out."
)
show.tabs(shown, lambda found: show.table(curves.needed(found), caption="Sentences needed", note=note))

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
# How often is the model less sure of a word that it labels wrongly than of one that it labels rightly? This is the
# area under the ROC curve; chance is 0.5. The models are those trained on random sentences, so that no measure has
# chosen its own training data; the words are those of the test set, read sentence by sentence as in training.
#
# Entropy finds errors better than the distance: {glue:text}`bc5cdr_auroc_entropy` against
# {glue:text}`bc5cdr_auroc_mahalanobis` on BC5CDR, {glue:text}`bionne_auroc_entropy` against
# {glue:text}`bionne_auroc_mahalanobis` on BioNNE-R. On both, the intervals over three seeds do not overlap.

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
            alt=f"How often the model is less sure of a wrong word of {test} than of a right one, bars by uncertainty and head.",
        )
        for test, group in found.query("metric == 'AUROC'").groupby("test", sort=False)
    ],
)

# %% [markdown]
# If the least sure words were left to a person, how many errors would remain in the rest
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
            alt=f"Share of wrong words among the surest words of {part.name}, against the share that is kept, one line per uncertainty.",
        )
    )

# %% [markdown]
# ### How long are the chosen sentences?
#
# Here one model for each seed, trained on the random sentences of all rounds, chooses from one pool with one budget;
# only the uncertainty and the way from words to sentences differ. By the mean over words, which the loops use, the
# distance prefers short sentences: {glue:text}`bc5cdr_chosen` words on BC5CDR and {glue:text}`bionne_chosen` on
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
            xlabel="words per sentence",
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
# The same loop works with a person in place of the simulated annotator. `chemxl annotate out` chooses texts with a
# trained tagger and writes them, with the mentions that it finds in them, as a brat project: `round-001` with a text
# and an `.ann` file for each, `annotation.conf` and `visual.conf`. After the work in brat, `chemxl annotate in` reads
# the folder back, reports what was added, removed, retyped or moved, and refuses what is malformed, with file and
# line. It never writes into the folder that a person has worked in; its own files stand beside it.
#
# ```bash
# chemxl annotate out texts/*.txt --project rounds --count 20 --strategy mahalanobis
# # … annotate rounds/round-001 in brat …
# chemxl annotate in --project rounds
# ```
#
# The result is a corpus to train on, {py:class}`chemxl.annotate.rounds.Brought`; the next `out` leaves out texts that
# were already given out.
#
# The same folder opens in a notebook, too ({py:class}`chemxl.annotate.widget.Annotator`): mark text with the mouse or
# the keyboard, choose a type by its number, undo, save. On a published page it is read-only. Here it shows what the
# first round's model asks for next, with the mentions that it finds and that a person would correct.

# %%
if profile == "small":  # others' corpora may not be shown
    display(hand_over(chapter.loops(settings, data[0])[Method.of(methods[-1])][0]))

# %% [markdown]
# ## Limits
#
# - **Short trainings.** Because it ran on two cores, the `real` profile draws 1,500 sentences for each pool and 150
#   test documents, and trains for 150 steps. With the settings of chapter 6, which tests on all of BC5CDR's test
#   documents, F1 is higher with fewer sentences. What is gained by asking an undertrained model need not be gained by
#   asking a better one.
# - **Three seeds.** The recorded intervals resample only three seeds and are therefore too narrow; nor are they
#   corrected over the table. After 60 Russian sentences at least one model has an F1 near 0: its first choice is
#   close to random.
# - **Not the paper's own criteria.** No recorded round chooses by `probability` or `centroid`, which the paper names,
#   nor by `badge`, `core-set` or `bald`; and methods are compared with random sentences, not with each other.
#
# ```{dropdown} Further limits
# *Where this differs from the paper*
#
# - The paper had experts annotate, and reports no curve and no number. Here existing annotation plays the expert, who
#   is never tired and never in doubt; `ActiveLearning(noise=…)` makes mistakes, but not those of a person.
# - The paper chooses texts; here sentences are chosen.
# - The paper computes distances on {eq}`eq-hidden` itself; here they are computed after the nonlinearity (GELU) that
#   follows it, as in the code named above. The paper does not say whether $h_i$ is a subword, a word or a text, nor
#   how distances of words become one of a text. Here a word is represented by its first subword, and a sentence has
#   the mean over its words.
# - The normalised layer begins with orthogonal weights and is trained at the encoder's rate; the paper says nothing
#   of either. With torch's usual weights a word's vector loses most of its length in the layer; at the rate of a head
#   $v$ grows until the division leaves little of the other directions ({py:mod}`chemxl.active.spectral`).
# - Only the `paper` profile has `+bound` among its methods, between `+none` and `+always`. `"mahalanobis+bound"` adds
#   it to any other. Choose `bound` between 1 and the norm that the table shows for `+none`, or the method equals
#   `+always` or `+none`.
#
# *How models were trained*
#
# - The learning rate was chosen on sentences of BioNNE-R's pool that no training read, and used for BC5CDR, too: at
#   twice that rate trainings on few Russian sentences collapsed.
# - Models are trained on single sentences and tested on whole documents, with a context that training did not have.
#   This is the same for all methods.
# - All trainings of a loop have the same number of steps; the one with everything annotated has more. It gives a
#   goal, not the last point of a curve: part of its gain is longer training.
# - `bald` applies dropout only before the last layer, since encoders here are fine-tuned without any.
#
# *How sentences are chosen and counted*
#
# - A strategy chooses all sentences of a round with one model. If two are alike, both are chosen, except by `badge`
#   and `core-set`; smaller rounds would help the other strategies.
# - Numbers of sentences are interpolated linearly between rounds ({py:mod}`chemxl.evaluation.learning_curves`).
# - In the `small` profile the pool repeats the same passages with other names, and every training has the same small
#   number of steps: F1 hardly rises from round to round, and no strategy is clearly ahead. Its curves show that the
#   code runs, not which method is good.
# ```
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
# The sum prefers long sentences, so the same number of sentences has more words annotated. No model is trained longer
# for it, since all have the same number of steps. Compare the columns `area` and `area by words`: by sentences the
# sum has the advantage of its extra words, by words it has not. In the figure by words its line ends further to the
# right, beyond where the others can be compared.
# ```
#
# ```{exercise}
# :label: ex-noise
# Let the annotator miss every tenth mention (`noise` of {py:class}`chemxl.active.experiments.ActiveLearning`). Which
# method suffers more, random sentences or the one that asks for the hardest?
# ```
#
# ## Provenance
#
# The recorded numbers as files: {download}`rows <../book/recorded/02_active_learning.csv>` and
# {download}`configurations <../book/recorded/02_active_learning.configs.json>`.

# %%
tables.provenance(rows, records.read(chapter.stem))
