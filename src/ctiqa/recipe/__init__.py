"""Recipes: a whole run described by one TOML file, read strictly.

Unknown keys, wrong types and impossible values are errors; every problem is listed at once.
"""

from ctiqa.recipe.data import (
    SOURCES,
    CccidData,
    DataRecipe,
    LdctProjectionData,
    Mode,
    SimulateData,
)
from ctiqa.recipe.reading import read_recipe, recipe_from
from ctiqa.recipe.training import NetworkRecipe, TrainRecipe
from ctiqa.recipe.whole import Recipe

__all__ = [
    "SOURCES",
    "CccidData",
    "DataRecipe",
    "LdctProjectionData",
    "Mode",
    "NetworkRecipe",
    "Recipe",
    "SimulateData",
    "TrainRecipe",
    "read_recipe",
    "recipe_from",
]
