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
# # Scoreboard
#
# Every number of the book in one table: what the papers report, what this project recorded on real text, and what this build
# has just computed.

# %% tags=["parameters"]
profile: str = "small"
settings: dict = {}

# %%
from chemxl.results import chapters, records, show, tables

# %% [markdown]
# ## All rows
#
# The values are declared as in each chapter, so they are computed once, whichever page asks first. Type into a column's field to
# filter, click its head to sort; the buttons give what is shown as a file.

# %%
found = {
    stem: chapters.results(chapter, chapter.Settings(**settings.get(stem, {"profile": profile})))
    for stem, chapter in chapters.find().items()
}
tables.board(found.values())

# %% [markdown]
# ## How many
#
# Rows of each chapter by where they come from:

# %%
show.table(tables.tally(found), caption="Numbers in the table above")

# %% [markdown]
# ## Where the recorded numbers come from
#
# The rows of a chapter and the configurations that they rest on stand in `book/recorded`; each page names its own.

# %%
show.table(
    [{"chapter": stem, **line} for stem in found for line in tables.origin(records.read(stem)) if "hours" in line],
    caption="Code, machine and day of the recorded experiments, and the hours that they took",
    digits=1,
)
