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
# What the papers claim, and what became of it here. Each verdict is computed from rows that were recorded on real text,
# by one rule, and changes with them.

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
# A claim names a comparison: differences of two ways of training on the same test, with their 95 % intervals. *Confirmed*:
# all of an interval lies on the claimed side. *Refuted*: all of it lies on the other. *Bounded*: neither, but an effect as large as the
# claimed one lies outside. *Undecided*: the interval is too wide to tell. Where several comparisons try one
# claim, all must agree, and of refuted and bounded ones bounded is said. Two separate intervals decide nothing. What a paper claims of a single value, such as a share,
# is confirmed or refuted where its interval lies wholly within or without what is claimed.
#
# Encoders and corpora are not the papers' own: most numbers are of a small multilingual encoder, `e5-small`, on corpora that anyone
# can have. A claim that is refuted here may hold for the paper's model, and a confirmed one is confirmed in another place. Below
# each interval stands the rule that made it. Rows that say *percentile bootstrap* were recorded under an older one, whose intervals
# are too narrow with three seeds: near zero they decide more than they should.
#
# The claims, their comparisons and their reasons stand in
# {download}`claims.yaml <../book/claims.yaml>`. The papers are {cite:t}`molodchenkov-crosslanguage`,
# {cite:t}`miftahutdinov-2020-interlingual` and {cite:t}`francis-2022-contrastive`.
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
