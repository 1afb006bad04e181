"""Authors' checkpoints become runs that ``ctiqa evaluate`` measures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from tests.cli.conftest import Run
from tests.data.collection import patient_slice
from tests.data.scored_sets import write_csv, write_tif
from tests.models.theirs import TheirDistilIqa, TheirTfkt, calibrated, stretched, tissue
from torch import Tensor, nn

from ctiqa.data.manifest import read_examples
from ctiqa.data.prepare import prepare
from ctiqa.models.stem_vit import StemVit
from ctiqa.recipe import FolderData
from ctiqa.train.load import load_trained

Network = TypeVar("Network", bound=nn.Module)


def scored_set(root: Path, side: int) -> Path:
    """A data set of ten patients' slices, scored 0–4 by two readers."""
    rows = []
    for number in range(10):
        hu = patient_slice(number, side, noise_hu=6.0 + 9.0 * number)
        write_tif(root / f"{number}.tif", hu)
        part = "test" if number < 4 else "train" if number < 7 else "validation"
        for reader, more in (("a", 0.0), ("b", 0.2)):
            rows.append((f"{number}.tif", 3.7 - 0.4 * number + more, f"p{number}", reader, part))
    write_csv(root / "labels.csv", ("path", "score", "patient", "reader", "split"), rows)
    prepare(root, root / "set", FolderData(tiff_hu=True, folds=2))
    return root / "set"


def with_grades(network: Network, head: Any) -> Network:
    """The network with scores around the middle of the scale, so that none is clipped."""
    with torch.no_grad():
        head.weight.mul_(0.3)
        head.bias.fill_(2.0)
    return network


def distiliqa() -> TheirDistilIqa:
    torch.manual_seed(0)
    made = TheirDistilIqa(1, 5)
    nn.init.normal_(made.model.encoder.pos_embedding, std=0.5)
    return with_grades(made.eval(), made.model.heads)


def tfkt() -> TheirTfkt:
    torch.manual_seed(0)
    made = TheirTfkt("efficientnet_v2_s", "swin_v2_t").eval()
    calibrated(made.effnetv2l, stretched(tissue(4, 64, seed=1)))
    return with_grades(made, made.swinv2b.head)


def predicted(folder: Path) -> list[float]:
    with (folder / "eval_info.csv").open() as stream:
        return [float(row["pred"]) for row in csv.DictReader(stream)]


def slices_of(data: Path) -> Tensor:
    images = read_examples(data).where(split="test").images()
    pixels = [np.asarray(images[k], dtype=np.float32) for k in range(len(images))]
    return torch.from_numpy(np.stack(pixels)[:, None])


def test_a_student_of_distiliqa(run: Run, tmp_path: Path) -> None:
    data = scored_set(tmp_path / "scored", 512)
    theirs, file, out = distiliqa(), tmp_path / "student_199.pth", tmp_path / "runs" / "theirs"
    torch.save({"epoch": 199, "state_dict": theirs.state_dict()}, file)
    done = run("weights", "import-authors", file, "--system", "distiliqa", "--out", out)
    assert done.status == 0, done.err
    count = sum(p.numel() for p in theirs.parameters())
    assert f"DistilIQA: {count:,} weights, 5 outputs; 1 convolution blocks" in done.out
    assert "input: slices of 512×512 in HU through the window 'distiliqa'" in done.out
    assert "ignored: 'epoch'" in done.out
    assert f"run: {out} (measure it with 'ctiqa evaluate {out} --data" in done.out

    trained = load_trained(out)
    assert isinstance(trained.network, StemVit)
    assert (trained.recipe.system, trained.recipe.mode) == ("distiliqa", "as-published")
    images = slices_of(data)
    with torch.no_grad():
        expected = theirs(images)
        torch.testing.assert_close(trained.network(images)[0], expected, atol=1e-5, rtol=1e-4)

    measured = run("evaluate", out, "--data", data, "--out", tmp_path / "eval", "--device", "cpu")
    assert measured.status == 0, measured.err
    assert "theirs: overall " in measured.out
    assert "other or unknown data: theirs" in measured.err
    scores = expected.mean(dim=1).numpy()
    assert 0 < scores.min() < scores.max() < 4
    np.testing.assert_allclose(predicted(tmp_path / "eval"), scores, atol=0.02)


def test_tfkt(run: Run, tmp_path: Path) -> None:
    data = scored_set(tmp_path / "scored", 256)
    theirs, file, out = tfkt(), tmp_path / "EffSwinKAT_16_1", tmp_path / "tfkt"
    torch.save(theirs.state_dict(), file)
    done = run("weights", "import-authors", file, "--system", "tfkt", "--out", out)
    assert done.status == 0, done.err
    count = sum(p.numel() for p in theirs.parameters())
    assert f"TFKT: {count:,} weights, 1 output; efficientnet_v2_s, swin_v2_t" in done.out
    assert "stretched from its least to its greatest value" in done.out
    assert "note: the connector looks untrained" in done.out
    measured = run("evaluate", out, "--data", data, "--out", tmp_path / "eval", "--device", "cpu")
    assert measured.status == 0, measured.err
    with torch.no_grad():
        expected = theirs(slices_of(data))[:, 0].numpy()
    np.testing.assert_allclose(predicted(tmp_path / "eval"), expected, atol=0.02)


def test_pixels_shown_through_another_window(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    torch.save(distiliqa().state_dict(), file)
    words = ("weights", "import-authors", file, "--system", "distiliqa")
    done = run(*words, "--out", tmp_path / "run", "--window", "challenge")
    assert "through the window 'challenge'" in done.out
    assert vars(load_trained(tmp_path / "run").network.get_submodule("window"))["high_hu"] == 400

    again = run(*words, "--out", tmp_path / "run")
    assert again.status == 4
    assert "must be a new run, but holds a network; choose another folder" in again.err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--system", "tfkt"), 4, "of the system asked for, 'tfkt', but its keys are those of"),
        (("--system", "tfkt", "--window", "soft"), 2, "'--window' must be left out for TFKT"),
        (("--system", "distiliqa", "--window", "x"), 2, "'--window' must be one of soft, "),
        (("--system", "shen2025"), 2, "'shen2025' is not one of 'distiliqa', 'tfkt'"),
        ((), 2, "Missing option '--system'"),
    ],
)
def test_wrong_usage(
    words: tuple[str, ...], status: int, message: str, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "a.pth"
    torch.save({"downsample.0.weight": torch.zeros(1)}, file)
    done = run("weights", "import-authors", file, *words, "--out", tmp_path / "run")
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert done.err.count("error:") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be a state dict saved by torch"),
        (b"not a checkpoint", "but it is no such file"),
        (None, "the file of weights must exist"),
    ],
)
def test_no_checkpoint(content: bytes | None, message: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    if content is not None:
        file.write_bytes(content)
    words = ("--system", "distiliqa", "--out", tmp_path / "run")
    done = run("weights", "import-authors", file, *words)
    assert done.status == 4
    assert message in done.err
    assert not (tmp_path / "run").exists()
