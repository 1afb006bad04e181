"""Published networks on the same slices and cores: DistilIQA's student and TFKT, random weights.

Time does not depend on what was learnt. Both sides get slices in HU, in memory, and give scores:
ctiqa through its scorer, with every check; the published networks with their own preprocessing,
slice by slice, in float32 by torch as their authors run them. DistilIQA's network is measured as
ONNX file, too, by the engines that ctiqa uses: what remains is the network's own doing.

DistilIQA: Baldeon-Calisto et al., Computers in Biology and Medicine 177:108670 (2024).
TFKT: Rifa, Ahamed, Zhang and Imran, SPIE Medical Imaging 2025.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import cycle, islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.engines import example_slices
from benchmarks.rounds import Comparison, Contestant, in_turn, timed
from benchmarks.setting import Section, Setting
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.hu import WINDOWS, apply_window
from ctiqa.score import Scorer
from ctiqa.system.no_telemetry import opt_out
from ctiqa.types import HuImage

if TYPE_CHECKING:
    from torch import nn

NEEDED = ("torch", "timm", "torchvision", "onnx", "onnxscript")
"""What making the published networks takes."""

SIDE = 512
"""Rows and columns of the slices; that for which both networks are published."""

BATCHES = (1, 8)
"""Slices in a batch of DistilIQA, largest last."""

PASSES = 16
"""How often ctiqa scores in one run what a competitor scores once, so that neither is too short."""

Images = npt.NDArray[np.float32]
Infer = Callable[[Images], Images]
"""From slices [n, 1, rows, cols] to score vectors [n, outputs]."""

Prepare = Callable[[HuImage], Images]
"""From HU [rows, cols] to what a network reads, of the same shape."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published network that is ready to score.

    Attributes:
        system: Its name.
        runtime: What runs it.
        batch: Slices in a batch.
        prepare: Its preprocessing of one slice.
        infer: The network.
    """

    system: str
    runtime: str
    batch: int
    prepare: Prepare
    infer: Infer

    @property
    def name(self) -> str:
        """System, runtime and batch, for people."""
        return f"{self.system}, {self.runtime}, batch {self.batch}"


def competitors(setting: Setting) -> Section:
    """Every engine of ctiqa against every published network."""
    slices = list(islice(cycle(example_slices()), setting.compared))
    title = f"Against published networks, random weights: {SIDE} × {SIDE}, {setting.jobs} threads"
    note = f"ratio: against the published network; ctiqa scores the same slices {PASSES} times"
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        why = f"all: {', '.join(missing)} missing; install them with: pip install 'ctiqa[train]'"
        return Section(title, note, left_out=(why,))
    model = setting.model or DEFAULT_MODEL
    scorers = {kind: Scorer(model, jobs=setting.jobs, engine=kind) for kind in setting.engines}
    ours = {f"ctiqa, {kind}": _scoring(scorer, slices) for kind, scorer in scorers.items()}
    compared = tuple(against(ours, each, slices, setting) for each in published(setting))
    return Section(title, note, compared)


def against(
    ours: Mapping[str, Callable[[], object]],
    theirs: Published,
    slices: Sequence[HuImage],
    setting: Setting,
) -> Comparison:
    """Every engine of ctiqa, then the published network, in turn."""
    contestants = [
        Contestant(name, PASSES * len(slices), timed(work)) for name, work in ours.items()
    ]
    work = timed(partial(scores, theirs, slices))
    contestants.append(Contestant(theirs.name, len(slices), work))
    return in_turn(
        theirs.system, contestants, setting.repeats, reference=theirs.name, tell=setting.tell
    )


def scores(network: Published, slices: Sequence[HuImage]) -> Images:
    """Score slices in batches, the last one perhaps smaller: the mean of every score vector.

    Args:
        network: Network.
        slices: CT numbers in HU, float32 [rows, cols], all of one shape.

    Returns:
        float32 [slices].
    """
    found = []
    for start in range(0, len(slices), network.batch):
        group = [network.prepare(hu) for hu in slices[start : start + network.batch]]
        found.append(network.infer(np.stack(group)[:, np.newaxis]).mean(axis=1))
    return np.concatenate(found)


def published(setting: Setting) -> Iterator[Published]:
    """The networks to compare to, one made when the last is done with."""
    from ctiqa.train.export import to_onnx  # noqa: PLC0415 - needs torch

    network = distiliqa()
    window = distiliqa_preprocessing
    for batch in BATCHES:
        infer = _by_torch(network, setting.jobs)
        yield Published("DistilIQA", "torch", batch, window, infer)
    onnx_file = to_onnx(network, side=SIDE)
    for engine in ("onnxruntime", "openvino"):
        if engine in setting.engines:
            infer = _by_engine(onnx_file, engine, setting.jobs)
            for batch in BATCHES:
                yield Published("DistilIQA", engine, batch, window, infer)
    yield Published("TFKT", "torch", 1, np.asarray, _by_torch(tfkt(), setting.jobs))


def distiliqa_preprocessing(hu: HuImage) -> Images:
    """Window 350/40 and scaling to 0–1, of one slice."""
    return apply_window(hu, WINDOWS["distiliqa"])


def _scoring(scorer: Scorer, slices: Sequence[HuImage]) -> Callable[[], object]:
    stack = np.stack(slices)
    return lambda: [scorer.score(stack) for _ in range(PASSES)]


def distiliqa() -> nn.Module:
    """DistilIQA's student as published; reads brightness 0–1, [n, 1, 512, 512]."""
    from torch import nn  # noqa: PLC0415 - optional, slow to load

    from ctiqa.models.stem_vit import StemVit  # noqa: PLC0415 - needs torch
    from ctiqa.recipe import StemVitNetwork  # noqa: PLC0415 - only here

    network = StemVit(StemVitNetwork(outputs=5, blocks=5, crop="published"))
    network.window = nn.Identity()
    return network.eval()


def tfkt() -> nn.Module:
    """TFKT with the authors' connector; reads HU, their stretching of every slice is part of it."""
    from ctiqa.models.tfkt import Tfkt  # noqa: PLC0415 - needs torch
    from ctiqa.recipe import TfktNetwork  # noqa: PLC0415 - only here

    return Tfkt(TfktNetwork(connector="vector", scaling="min-max")).eval()


def _by_torch(network: nn.Module, threads: int) -> Infer:
    import torch  # noqa: PLC0415 - optional, slow to load

    torch.set_num_threads(threads)

    def infer(images: Images) -> Images:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(images))[0])

    return infer


def _by_engine(onnx_file: bytes, engine: str, threads: int) -> Infer:
    """An ONNX file by an engine with all threads on one batch, as its maker ships the engine."""
    if engine == "openvino":
        from ctiqa.score.engines.openvino_cpu import open_openvino_session  # noqa: PLC0415 - optional

        answers = open_openvino_session(onnx_file, threads, streams=1, side=SIDE)
        return lambda images: answers(images)["scores"]
    opt_out()
    import onnxruntime  # noqa: PLC0415 - slow to load

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx_file, options, ["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run(["scores"], {"hu": images})[0])
