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
# # Claims
#
# What the papers claim, and what was found here. Each verdict is computed from rows that were recorded on real text, by
# one rule, and changes with them.

# %% tags=["parameters", "remove-cell"]
# None: what stands here was recorded.

# %%
from collections import Counter

from IPython.display import display

from chemxl.results import claims, show

tried = claims.tried()
claims.figure(tried)

# %% [markdown]
# ## How a verdict is made
#
# A claim is tried by comparisons: differences of two ways of training on the same test, with their 95 % intervals.
# *Confirmed*: the whole interval lies on the claimed side. *Refuted*: the whole interval lies on the other side.
# *Bounded*: neither, but an effect as large as the claimed one lies outside the interval. *Undecided*: the interval
# is too wide to tell. If several comparisons try one claim, all must agree; if some refute and the others bound it,
# the verdict is bounded. Two separate intervals do not show whether two scores differ; the interval of their
# difference does. A claim on a single value, such as a share, is confirmed if the value's interval lies wholly within
# what is claimed, and refuted if it lies wholly outside.
#
# Encoders and corpora are not the papers' own: most numbers are of a small multilingual encoder, `e5-small`, on
# public corpora. A claim that is refuted here may hold for the paper's model, and a confirmed one is confirmed for
# another model. The rule that made an interval stands below it. Rows that say *percentile bootstrap* were recorded
# under an older rule, whose intervals are too narrow with three seeds: a verdict from an interval that ends near zero
# may be wrong.
#
# {download}`claims.yaml <../book/claims.yaml>` holds the claims, their comparisons, and why some are not tested. The
# papers are {cite:t}`molodchenkov-crosslanguage`, {cite:t}`miftahutdinov-2020-interlingual`,
# {cite:t}`li-2021-drugprot`, {cite:t}`geng-2023-kbioxlm` and {cite:t}`francis-2022-contrastive`.
#
# ## Claim by claim

# %%
display(*claims.by_paper(tried))

# %% tags=["remove-cell"]
total = Counter(one.verdict for one in tried)
show.glue("claims", str(len(tried)))
for verdict in claims.MARKS:
    show.glue(verdict.replace(" ", "_"), str(total[verdict]))
show.glue("verdicts", claims.figure(tried))
