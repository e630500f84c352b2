"""The same networks in PyTorch, on a card: what a case is compared with. In: a case's name. Out: a function that queues one run or step."""
import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        after = 4 * width
        self.path = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width), nn.ReLU(True),
                                  nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True),
                                  nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after))
        self.skip = nn.Identity() if before == after and stride == 1 else nn.Sequential(
            nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        return torch.relu(self.path(x) + self.skip(x))


def resnet50():
    layers, before = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)], 64
    for stage, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(count):
            layers.append(Bottleneck(before, width, 2 if stage and not block else 1))
            before = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000), nn.Softmax(-1)), (3, 224, 224)


def vgg19():
    layers, before = [], 3
    for filters, count in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(count):
            layers += [nn.Conv2d(before, filters, 3, padding=1), nn.ReLU(True)]
            before = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(True), nn.Linear(4096, 4096), nn.ReLU(True),
                         nn.Linear(4096, 1000), nn.Softmax(-1)), (3, 224, 224)


class Gpt(nn.Module):
    def __init__(self, tokens=64, width=256, heads=8, layers=4, words=1000):
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Parameter(torch.zeros(tokens, width))
        self.heads, self.last, self.unembed = heads, nn.LayerNorm(width), nn.Linear(width, words, bias=False)
        self.blocks = nn.ModuleList(nn.ModuleList([nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width), nn.LayerNorm(width),
                                                   nn.Linear(width, 4 * width), nn.Linear(4 * width, width)]) for _ in range(layers))

    def forward(self, tokens):
        h = self.words(tokens) + self.places
        for norm, qkv, out, second, up, down in self.blocks:
            q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in qkv(norm(h)).chunk(3, -1))
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + out(mixed.transpose(1, 2).flatten(-2))
            h = h + down(nn.functional.gelu(up(second(h))))
        return self.unembed(self.last(h))


def lenet5():
    return nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(16, 120, 5),
                         nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)), (1, 32, 32)


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)), (1, 28, 28)


def mnist_cnn():
    layers = []
    for before, filters in ((1, 32), (32, 64)):
        layers += [nn.Conv2d(before, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)), (1, 28, 28)


def without_tf32():
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


def inference(model, data, compile):
    model = model.cuda().eval()
    run = torch.compile(model, mode="max-autotune") if compile else model

    def call():
        with torch.inference_mode():
            run(data)
    return call


def step(model, data, compile):
    model = model.cuda()
    target = torch.randint(0, 10, (data.shape[0],), device="cuda")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def loss_of():
        return nn.functional.cross_entropy(model(data), target)
    loss_of = torch.compile(loss_of) if compile else loss_of

    def call():
        optimizer.zero_grad()
        loss_of().backward()
        optimizer.step()
    return call


def peer(case, compile):
    """Queues the case's work in PyTorch; None where there is no such network here."""
    networks = {"resnet50": resnet50, "vgg19": vgg19, "lenet5": lenet5, "mlp": mlp, "mnist_cnn": mnist_cnn}
    if case.startswith("product_") and case[8:].isdigit():
        a, b = (torch.randn(int(case[8:]), int(case[8:]), device="cuda") for _ in range(2))
        out = torch.empty_like(a)
        return None if compile else lambda: torch.mm(a, b, out=out)
    if case == "gpt_small":
        return inference(Gpt(), torch.randint(0, 1000, (1, 64), device="cuda"), compile)
    training, rest = case.startswith("step_"), case.removeprefix("step_")
    name, _, rows = rest.rpartition("_") if rest.rpartition("_")[2].isdigit() else (rest, "", "1")
    if name not in networks:
        return None
    model, shape = networks[name]()
    data = torch.randn(int(rows), *shape, device="cuda")
    return (step if training else inference)(model, data, compile)
