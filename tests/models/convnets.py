"""Convolutional networks and a perceptron, written layer by layer with random weights."""
from .calibrate import calibrate
from .graph import Graph


def mlp(seed):
    g = Graph("mlp", seed)
    h = g.input("x", [1, 784])
    for i, (features, units) in enumerate([(784, 512), (512, 256)]):
        h = g.node("Relu", [g.dense(h, f"dense{i}", features, units)])
    g.output(g.node("Softmax", [g.dense(h, "classes", 256, 10)], axis=1), "probabilities", [1, 10])
    return g.model()


def mnist_cnn(seed):
    g = Graph("mnist_cnn", seed)
    h, channels = g.input("image", [1, 1, 28, 28]), 1
    for i, filters in enumerate([32, 64]):
        h = g.node("Relu", [g.batch_norm(g.conv(h, f"conv{i}", channels, filters, 3), f"bn{i}", filters)])
        h, channels = g.node("MaxPool", [h], kernel_shape=[2, 2], strides=[2, 2]), filters
    h = g.node("Flatten", [g.node("Dropout", [h])])
    h = g.node("Relu", [g.dense(h, "dense", 64 * 7 * 7, 128)])
    h = g.node("Dropout", [h])
    g.output(g.node("Softmax", [g.dense(h, "classes", 128, 10)], axis=1), "probabilities", [1, 10])
    return calibrated(g, seed)


def resnet110(seed):
    """He et al. 2016 for CIFAR-10: 3 stages of 18 blocks, 16, 32 and 64 filters; a 1x1 convolution where the shape changes."""
    g = Graph("resnet110", seed)
    h = g.node("Relu", [g.batch_norm(g.conv(g.input("image", [1, 3, 32, 32]), "stem", 3, 16, 3, bias=False), "stem.bn", 16)])
    channels = 16
    for stage, filters in enumerate([16, 32, 64]):
        for block in range(18):
            name, stride = f"s{stage}b{block}", 2 if stage and not block else 1
            r = g.conv(h, f"{name}.a", channels, filters, 3, stride, bias=False)
            r = g.node("Relu", [g.batch_norm(r, f"{name}.a.bn", filters)])
            r = g.batch_norm(g.conv(r, f"{name}.b", filters, filters, 3, bias=False), f"{name}.b.bn", filters)
            if channels != filters:
                h = g.batch_norm(g.conv(h, f"{name}.skip", channels, filters, 1, stride, bias=False), f"{name}.skip.bn", filters)
            h, channels = g.node("Relu", [g.node("Add", [r, h])]), filters
    h = g.node("Flatten", [g.node("GlobalAveragePool", [h])])
    g.output(g.node("Softmax", [g.dense(h, "classes", 64, 10)], axis=1), "probabilities", [1, 10])
    return calibrated(g, seed)


def yolov2_tiny(seed):
    """Nine convolutions, leaky ReLU, 416x416 to a 13x13 grid of 5 boxes over 20 classes; its last pooling keeps the size."""
    g = Graph("yolov2_tiny", seed)
    h, channels = g.input("image", [1, 3, 416, 416]), 3
    for i, filters in enumerate([16, 32, 64, 128, 256, 512, 1024, 1024]):
        h = g.batch_norm(g.conv(h, f"conv{i}", channels, filters, 3, bias=False), f"bn{i}", filters)
        h, channels = g.node("LeakyRelu", [h], alpha=0.1), filters
        if i < 5:
            h = g.node("MaxPool", [h], kernel_shape=[2, 2], strides=[2, 2])
        elif i == 5:
            h = g.node("MaxPool", [h], kernel_shape=[2, 2], strides=[1, 1], auto_pad="SAME_UPPER")
    g.output(g.conv(h, "boxes", 1024, 125, 1, gain=1.0), "grid", [1, 125, 13, 13])
    return calibrated(g, seed)


def mobilenetv2(seed):
    """Sandler et al. 2018, width 1.0, 224x224: expand 1x1, depthwise 3x3, project 1x1 without activation; ReLU6 as Clip."""
    g = Graph("mobilenetv2", seed)
    low, high = (g.constant(n, g.weights.uniform(n, (), v, v)) for n, v in (("zero", 0.0), ("six", 6.0)))

    def block(h, name, channels, filters, size, stride=1, group=1, relu6=True):
        h = g.batch_norm(g.conv(h, name, channels, filters, size, stride, group, bias=False), f"{name}.bn", filters)
        return g.node("Clip", [h, low, high]) if relu6 else h

    h, channels = block(g.input("image", [1, 3, 224, 224]), "stem", 3, 32, 3, 2), 32
    plan = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for stage, (expansion, filters, repeats, first) in enumerate(plan):
        for i in range(repeats):
            name, stride, wide = f"s{stage}b{i}", first if i == 0 else 1, channels * expansion
            r = block(h, f"{name}.expand", channels, wide, 1) if expansion > 1 else h
            r = block(r, f"{name}.depthwise", wide, wide, 3, stride, group=wide)
            r = block(r, f"{name}.project", wide, filters, 1, relu6=False)
            h = g.node("Add", [h, r]) if stride == 1 and channels == filters else r
            channels = filters
    h = g.node("Flatten", [g.node("GlobalAveragePool", [block(h, "head", 320, 1280, 1)])])
    g.output(g.dense(h, "classes", 1280, 1000, gain=1.0), "logits", [1, 1000])
    return calibrated(g, seed)


def calibrated(g, seed):
    model = g.model()
    calibrate(model, seed)
    return model
