from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tests.score.made import phantom

from ctiqa.errors import UsageError
from ctiqa.score.arrays import slices_from_array


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64", ">i2"])
def test_numbers_of_any_kind_become_float32(dtype: str) -> None:
    (slice_,) = slices_from_array(phantom().astype(dtype))
    assert slice_.hu.dtype == np.float32
    np.testing.assert_array_equal(slice_.hu, phantom())


def test_stack_becomes_numbered_slices() -> None:
    slices = slices_from_array(np.stack([phantom(), phantom(10.0)]))
    assert [each.header.source.frame for each in slices] == [0, 1]
    assert {(each.header.rows, each.header.cols) for each in slices} == {(256, 256)}


def test_padding_is_raised_and_the_input_left_alone() -> None:
    hu = phantom()
    hu[0, 0] = -3024
    (slice_,) = slices_from_array(hu)
    assert slice_.hu.min() == -1024
    assert hu[0, 0] == -3024


@pytest.mark.parametrize("dtype", [bool, complex, object, "U3", "datetime64[s]"])
def test_other_kinds_are_refused(dtype: Any) -> None:
    with pytest.raises(UsageError, match="must hold real numbers in HU, got dtype"):
        slices_from_array(np.zeros((256, 256)).astype(dtype))


@pytest.mark.parametrize(
    "shape", [(), (256,), (1, 2, 256, 256), (0, 256, 256), (0, 0), (0, 1, 256, 256)]
)
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"\[slices, rows, cols\] and not empty, got shape"):
        slices_from_array(np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_is_refused(value: float) -> None:
    hu = phantom()
    hu[7, 7] = value
    with pytest.raises(UsageError, match="must be finite, got NaN or infinity"):
        slices_from_array(hu)


def ramp(low: float, high: float) -> npt.NDArray[np.float64]:
    return np.linspace(low, high, 256 * 256).reshape(256, 256)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (ramp(0, 1), "look like display brightness; .* pass 1400"),
        (ramp(0, 255).astype(np.uint8), "no value below 0 .* like stored pixels or a picture"),
        (ramp(0, 4095).astype(np.uint16), r"no value below 0 \(they span 0 to 4095\)"),
        (phantom() / 1000, "less than noise alone does in HU; undo the normalisation"),
        (ramp(-7000, 2800), "lower than air, and not as padding; apply slope"),
        (np.stack([phantom() + 1024, phantom() + 1000]), "no value below 0"),
        (ramp(-1000, 400).clip(-160, 240), "as after a display window"),
        (ramp(-1000, 400).clip(-128, 127).astype(np.int8), "as after a display window"),
        (ramp(-1000, 1e6), "a value of 1e.06, above anything a scanner makes"),
    ],
)
def test_what_is_not_hu_is_refused(array: npt.NDArray[Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        slices_from_array(array)


def test_masked_values_are_not_guessed() -> None:
    masked = np.ma.masked_less(phantom(), -500)
    with pytest.raises(UsageError, match="must not be masked; fill what is masked, by -1024"):
        slices_from_array(masked)
    (slice_,) = slices_from_array(masked.filled(-1024))
    assert slice_.hu.min() == -1024


def test_masked_array_without_masked_values_is_an_array() -> None:
    (slice_,) = slices_from_array(np.ma.masked_less(phantom(), -5000))
    assert type(slice_.hu) is np.ndarray
    np.testing.assert_array_equal(slice_.hu, phantom())


@pytest.mark.parametrize("padding", [-2000, -3024, -32768])
def test_padding_is_no_reason_to_refuse(padding: int) -> None:
    hu = phantom()
    hu[:, :20] = padding
    (slice_,) = slices_from_array(hu)
    assert (slice_.hu[:, :20] == -1024).all()


def test_tensors_are_arrays() -> None:
    stack = np.stack([phantom(), phantom(10.0)])
    tensor = torch.from_numpy(stack)
    for given in (tensor, tensor.double(), tensor.short(), tensor.clone().requires_grad_()):
        slices = slices_from_array(given)
        np.testing.assert_array_equal([each.hu for each in slices], stack)


def test_a_channel_axis_of_one_is_left_out() -> None:
    slices = slices_from_array(torch.from_numpy(phantom())[None, None].expand(3, 1, -1, -1))
    assert [each.hu.shape for each in slices] == [(256, 256)] * 3


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.from_numpy(phantom()).bfloat16(), "must keep every HU, got bfloat16"),
        (torch.from_numpy(phantom()).to_sparse(), "cannot be made a NumPy array: .* pass a dense"),
        (torch.full((256, 256), torch.nan), "must be finite, got NaN"),
        (torch.rand(2, 256, 256), "look like display brightness"),
        (torch.zeros(2, 3, 256, 256), r"got shape \(2, 3, 256, 256\)"),
    ],
)
def test_tensors_that_are_refused(tensor: torch.Tensor, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        slices_from_array(tensor)


def test_slices_of_different_sizes_in_one_array_are_refused() -> None:
    ragged = np.empty(2, dtype=object)
    ragged[:] = [phantom(), phantom(side=300)]
    with pytest.raises(UsageError, match=r"got dtype object; .* slices of different sizes one by"):
        slices_from_array(ragged)


class OnGpu:
    """What NumPy meets in a tensor on a GPU: it cannot be read in place, only handed over."""

    def __init__(self, hu: npt.NDArray[Any]) -> None:
        self.hu, self.dtype, self.ndim = hu, "torch.float32", hu.ndim

    def __array__(self) -> npt.NDArray[Any]:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def detach(self) -> OnGpu:
        return self

    def numpy(self, *, force: bool = False) -> npt.NDArray[Any]:
        return self.hu if force else self.__array__()


def test_a_tensor_on_a_gpu_is_fetched() -> None:
    (slice_,) = slices_from_array(OnGpu(phantom()))
    np.testing.assert_array_equal(slice_.hu, phantom())
