"""The zoo's networks in JAX, in the precision of their parameters: loss(parameters by name, inputs, targets) is the mean cross-entropy of a batch.

Written from the layers' definitions (batch norm by the batch's own statistics, as in training), independent of kiln but for the names
of the parameters.
"""
import jax
import jax.numpy as jnp
from jax import lax


def dense(p, name, x):
    y = x @ p[f"{name}.weight"]
    return y + p[f"{name}.bias"] if f"{name}.bias" in p else y


def conv(p, name, x, padding="VALID", stride=1):
    y = lax.conv_general_dilated(x, p[f"{name}.weight"], (stride, stride), padding, dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return y + p[f"{name}.bias"][:, None, None] if f"{name}.bias" in p else y


def average_pool(x):
    return x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2).mean((3, 5))


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def batch_norm(p, name, x):
    mean, variance = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * p[f"{name}.weight"][:, None, None] + p[f"{name}.bias"][:, None, None]


def layer_norm(p, name, x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / jnp.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]


def mlp(p, image):
    x = jax.nn.relu(dense(p, "dense", image.reshape(len(image), -1)))
    return dense(p, "dense_2", jax.nn.relu(dense(p, "dense_1", x)))


def lenet5(p, image):
    x = average_pool(jnp.tanh(conv(p, "c1", image)))
    x = jnp.tanh(conv(p, "c5", average_pool(jnp.tanh(conv(p, "c3", x)))))
    return dense(p, "classes", jnp.tanh(dense(p, "f6", x.reshape(len(x), -1))))


def mnist_cnn(p, image):
    for i in ("", "_1"):
        image = max_pool(jax.nn.relu(batch_norm(p, "batch_norm" + i, conv(p, "conv2d" + i, image, "SAME"))))
    return dense(p, "dense_1", jax.nn.relu(dense(p, "dense", image.reshape(len(image), -1))))


def resnet(p, image):
    count = iter(["", *(f"_{i}" for i in range(1, 99))])

    def normed(x, stride=1):
        i = next(count)
        return batch_norm(p, "batch_norm" + i, conv(p, "conv2d" + i, x, "SAME", stride))

    def block(x):
        return jax.nn.relu(x + normed(jax.nn.relu(normed(x))))
    x = block(jax.nn.relu(normed(image)))
    x = block(jax.nn.relu(normed(x, 2)))
    return dense(p, "dense", x.mean((2, 3)))


def lstm(p, tokens):
    x = p["embedding.weight"][tokens] @ p["lstm.weight"] + p["lstm.bias"]

    def step(state, now):
        h, memory = state
        i, f, c, o = jnp.split(now + h @ p["lstm.recurrent"], 4, -1)
        memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(c)
        h = jax.nn.sigmoid(o) * jnp.tanh(memory)
        return (h, memory), h
    zero = jnp.zeros((len(tokens), p["lstm.recurrent"].shape[0]), x.dtype)
    return dense(p, "dense", lax.scan(step, (zero, zero), x.swapaxes(0, 1))[1].swapaxes(0, 1))


def gpt(p, tokens):
    length, heads = tokens.shape[1], 4
    x = p["embedding.weight"][tokens] + p["positional_embedding.weight"]
    for i, (attention, first, second) in enumerate([("attention", "", "_1"), ("attention_1", "_2", "_3")]):
        all = dense(p, attention + ".in", layer_norm(p, "layer_norm" + first, x))
        q, k, v = (part.reshape(*x.shape[:2], heads, -1) for part in jnp.split(all, 3, -1))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / jnp.sqrt(q.shape[-1])
        scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -jnp.inf)
        y = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), v).reshape(x.shape)
        x = x + dense(p, attention + ".out", y)
        names = [("dense", "dense_1"), ("dense_2", "dense_3")][i]
        x = x + dense(p, names[1], jax.nn.gelu(dense(p, names[0], layer_norm(p, "layer_norm" + second, x)), approximate=False))
    return dense(p, "dense_4", layer_norm(p, "layer_norm_4", x))


def loss_of(network):
    def loss(p, x, target):
        logs = jax.nn.log_softmax(network(p, x.astype(float) if jnp.issubdtype(x.dtype, jnp.floating) else x))
        return -jnp.take_along_axis(logs, target[..., None], -1).mean()
    return jax.jit(jax.value_and_grad(loss))
