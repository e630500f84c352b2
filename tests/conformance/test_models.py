"""Every network against ONNX Runtime on seeded random inputs: the answer, and the value before the last softmax."""
import onnx
import pytest

from models import kiln, make_models, reference

BIG = {"bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "vgg19", "zfnet512", "yolov2_tiny"}
NETWORKS = [pytest.param(name, marks=pytest.mark.big if name in BIG else ()) for name in make_models.MODELS]
TOLERANCE = 1e-4  # of the largest magnitude of the reference


@pytest.fixture(scope="module")
def network():
    """One model at a time: path, protobuf. VGG-19 alone is half a gigabyte."""
    loaded = {}

    def load(name):
        if name not in loaded:
            loaded.clear()
            path = make_models.make(kiln.MODELS, name)
            loaded[name] = path, onnx.load(path)
        return loaded[name]

    return load


def check(path, model, feeds, target):
    expected = reference.run(model.SerializeToString(), feeds)
    got = kiln.infer(path, feeds, expected, target=target)
    for name, value in expected.items():
        assert reference.difference(got[name], value) <= TOLERANCE, name
    return expected


@pytest.mark.parametrize("target", kiln.host_targets())
@pytest.mark.parametrize("name", NETWORKS)
def test_answer(network, name, target):
    path, model = network(name)
    first = check(path, model, reference.random_inputs(model, 1), target)
    # A reference that hardly moves with the input would pass a compiler that ignores the input.
    other = reference.run(model.SerializeToString(), reference.random_inputs(model, 2))
    assert all(reference.difference(other[k], v) > 100 * TOLERANCE for k, v in first.items())


@pytest.mark.parametrize("target", kiln.host_targets())
@pytest.mark.parametrize("name", NETWORKS)
def test_before_softmax(network, name, target, tmp_path):
    _, model = network(name)
    cut = reference.before_softmax(model)
    if cut is None:
        pytest.skip("does not end with a softmax")
    path = tmp_path / "cut.onnx"
    path.write_bytes(cut.SerializeToString())
    check(path, cut, reference.random_inputs(cut, 3), target)
    path.unlink()
