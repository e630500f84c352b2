"""zoo:gpt, zoo:lstm and zoo:resnet as modules of PyTorch."""
import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.heads, self.all, self.out = heads, nn.Linear(features, 3 * features), nn.Linear(features, features)

    def forward(self, x):
        rows, length, features = x.shape
        q, k, v = (part.view(rows, length, self.heads, -1).transpose(1, 2) for part in self.all(x).split(features, 2))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(rows, length, features))


class Residual(nn.Module):
    def __init__(self, inner, last=None):
        super().__init__()
        self.inner, self.last = inner, last or nn.Identity()

    def forward(self, x):
        return self.last(x + self.inner(x))


class Positions(nn.Module):
    def __init__(self, length, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(length, features))

    def forward(self, x):
        return x + self.weight


class Sequences(nn.Module):
    """All hidden states of an LSTM."""

    def __init__(self, inputs, units):
        super().__init__()
        self.lstm = nn.LSTM(inputs, units, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0]


def gpt(features=64, heads=4, length=64):
    blocks = []
    for _ in range(2):
        blocks += [Residual(nn.Sequential(nn.LayerNorm(features), Attention(features, heads))),
                   Residual(nn.Sequential(nn.LayerNorm(features), nn.Linear(features, 4 * features), nn.GELU(),
                                          nn.Linear(4 * features, features)))]
    return nn.Sequential(nn.Embedding(256, features), Positions(length, features), *blocks, nn.LayerNorm(features),
                         nn.Linear(features, 256, bias=False))


def lstm():
    return nn.Sequential(nn.Embedding(256, 32), Sequences(32, 128), nn.Linear(128, 256))


def convolution(before, filters, stride=1):
    return nn.Sequential(nn.Conv2d(before, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters))


def resnet():
    def block(filters):
        return Residual(nn.Sequential(convolution(filters, filters), nn.ReLU(), convolution(filters, filters)), nn.ReLU())
    return nn.Sequential(convolution(1, 32), nn.ReLU(), block(32), convolution(32, 64, 2), nn.ReLU(), block(64), nn.AdaptiveAvgPool2d(1),
                         nn.Flatten(), nn.Linear(64, 10))
