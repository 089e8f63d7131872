import pytest
import torch

from training import calibrate
from training.model import build, parameters, scaled


def test_digitcnn_has_exactly_390858_parameters_with_ten_classes() -> None:
    assert parameters(build("digitcnn", 10)) == 390_858
    assert parameters(build("digitcnn", 11)) == 391_115


@pytest.mark.parametrize("arch", ["digitcnn", "mlp"])
def test_takes_any_batch_of_crops(arch: str) -> None:
    model = build(arch, 11).eval()
    for count in (0, 1, 3):
        assert model(scaled(torch.zeros((count, 1, 28, 28), dtype=torch.uint8))).shape == (count, 11)


def test_the_mlp_is_about_as_large() -> None:
    assert abs(parameters(build("mlp", 10)) - 390_858) < 0.02 * 390_858


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(ValueError, match="resnet.*digitcnn or mlp"):
        build("resnet", 10)


def test_the_temperature_that_spoiled_logits_is_found() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(20_000, 5, generator=generator) * 2
    labels = torch.multinomial(torch.softmax(truth, dim=1), 1, generator=generator).squeeze(1)
    assert calibrate.fit_temperature(truth * 1.7, labels) == pytest.approx(1.7, abs=0.06)
    assert calibrate.calibration_error(torch.softmax(truth, dim=1), labels) < 0.01
    assert calibrate.calibration_error(torch.softmax(truth * 3, dim=1), labels) > 0.05


def test_auroc_by_hand() -> None:
    assert calibrate.auroc(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 2.0])) == 1
    assert calibrate.auroc(torch.tensor([1.0, 1.0]), torch.tensor([1.0])) == 0.5
    assert calibrate.auroc(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 0.0])) == 0.75
