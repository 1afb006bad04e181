"""Recipes: one TOML file describes a whole run.

They are read strictly: unknown keys, wrong types and impossible values are errors, all listed.
"""

from ctiqa.recipe.data import (
    SOURCES,
    CccidData,
    DataRecipe,
    FolderData,
    Kadid10kData,
    Ldctiqac2023Data,
    LdctProjectionData,
    Mode,
    SimulateClinicalData,
    SimulateData,
)
from ctiqa.recipe.differences import differing_keys, flat
from ctiqa.recipe.network import (
    NETWORK_KINDS,
    AnswersNetwork,
    BackboneNetwork,
    BackbonesNetwork,
    DbcnnNetwork,
    ManiqaNetwork,
    NetworkRecipe,
    StemVitNetwork,
    Stride32Network,
    TfktNetwork,
)
from ctiqa.recipe.old_names import OldNameWarning
from ctiqa.recipe.published import (
    CHOICES,
    DEFECTS,
    Choice,
    Defect,
    PublishedThing,
    as_published,
    defects_of,
    in_mode,
    overlaid,
    published_by,
)
from ctiqa.recipe.reading import read_recipe, read_values, recipe_from
from ctiqa.recipe.training import FineTuneRecipe, TrainRecipe
from ctiqa.recipe.whole import Recipe

__all__ = [
    "CHOICES",
    "DEFECTS",
    "NETWORK_KINDS",
    "SOURCES",
    "AnswersNetwork",
    "BackboneNetwork",
    "BackbonesNetwork",
    "CccidData",
    "Choice",
    "DataRecipe",
    "DbcnnNetwork",
    "Defect",
    "FineTuneRecipe",
    "FolderData",
    "Kadid10kData",
    "LdctProjectionData",
    "Ldctiqac2023Data",
    "ManiqaNetwork",
    "Mode",
    "NetworkRecipe",
    "OldNameWarning",
    "PublishedThing",
    "Recipe",
    "SimulateClinicalData",
    "SimulateData",
    "StemVitNetwork",
    "Stride32Network",
    "TfktNetwork",
    "TrainRecipe",
    "as_published",
    "defects_of",
    "differing_keys",
    "flat",
    "in_mode",
    "overlaid",
    "published_by",
    "read_recipe",
    "read_values",
    "recipe_from",
]
