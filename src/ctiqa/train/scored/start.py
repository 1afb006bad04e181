"""The installed model that is fine-tuned."""

from __future__ import annotations

import json
from dataclasses import asdict

from ctiqa.errors import UsageError
from ctiqa.models.answers import AnswersModel
from ctiqa.models.onnx_weights import network_of_model
from ctiqa.models.stride32 import take_weights
from ctiqa.recipe import AnswersNetwork, Recipe
from ctiqa.weights import list_models, load_model

SIZE = ("outputs", "windows", "stem", "sizes", "blocks", "heads")
"""Keys of ``[network]`` that must be those of the model."""


def start_network(recipe: Recipe) -> AnswersModel:
    """The network of a recipe with the weights of the installed model that it names.

    Args:
        recipe: A recipe with ``fine_tune.from_model``.

    Raises:
        UsageError: If there is no such model, it gives nothing but scores, or its network is of
            another size.
        WeightsError: If a file of the model is missing, altered, or does not match its card.
    """
    name = recipe.start_model
    installed = [files.name for files in list_models()]
    if name not in installed:
        raise UsageError(
            f"'fine_tune.from_model' must be an installed model, got {name!r}; installed: "
            f"{', '.join(installed)}"
        )
    model = load_model(name)
    trained = network_of_model(model.card, model.network) if model.card.regions else None
    if not isinstance(trained, AnswersModel) or not isinstance(recipe.network, AnswersNetwork):
        raise UsageError(
            "'fine_tune.from_model' must be a model that also estimates equivalent noise, findings "
            f"and region (kind 'answers'), got {name!r}, which is older; take a newer model"
        )
    own = json.loads(json.dumps(asdict(recipe.network)))
    stored = model.card.facts["training"]["recipe"]["network"]
    wanted = {key: stored[key] for key in SIZE if key in stored and stored[key] != own[key]}
    if wanted:
        listed = ", ".join(f"{key} = {json.dumps(value)}" for key, value in wanted.items())
        raise UsageError(f"[network] must be that of {name!r}; set {listed}")
    network = AnswersModel(recipe.network)
    take_weights(network, trained)
    return network
