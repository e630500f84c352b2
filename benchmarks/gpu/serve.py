"""Answers to what ask.py asks, a line of JSON each on standard output: what a case's answers are, how fast it is, and its peer in PyTorch.

In: a kind of question and names of cases. Out: lines {"case": name, ...}; after an error, which may have been the card's end, nothing more.
"""
import json
import os
import statistics
import time

import apart
import case
import driver
import native


def card_answers(name):
    with driver.Card() as card:
        if name == "card":
            return card.about()
        if name == "peak":
            import peak
            return {"multiply_adds": peak.multiply_adds(card), "reading": peak.reading(card)}
        import addressing
        right, found = addressing.ask(card, name)
        return {"right": right, "found": found}


def poison():
    """What the card's memory holds is no number, where it is given out without being cleared."""
    with driver.Card() as card:
        if not card.fake:
            card.fill(card.allocate(1 << 29), 1 << 29, 0xFF)
            card.wait()


def check(name):
    """With host pointers, with device pointers; and where that is wrong, one step after another, which are no graph then."""
    asked = case.Case(name)
    library, expected = asked.library(), apart.updates(asked.expected(), asked.feeds)
    poison()
    start = time.perf_counter()
    host = native.Runner(library, asked.feeds, 1)
    made, found = time.perf_counter() - start, apart.updates(host.results(), asked.feeds)
    host.close()
    card = native.CardRunner(library, asked.feeds)
    card.check(card.call())
    card.wait()
    both = {"host pointers": found, "device pointers": apart.updates(card.results(), asked.feeds)}
    worst = {way: apart.worst(answer, expected) for way, answer in both.items()}
    answer = {"difference": max(worst.values()), "seconds": made, "memory": card.device.memory}
    card.close()
    for way, found in both.items():
        if worst[way] > apart.TOLERANCE:
            again = native.CardRunner(library, asked.feeds)
            again.steps()
            stepped = apart.worst(apart.updates(again.results(), asked.feeds), expected)
            again.close()
            answer["where"] = f"with {way}: {apart.where(found, expected)}; step by step {stepped:.1e}"
            break
    return answer


def steps(name):
    """[[name, milliseconds]] of each step of a run, by the card's events: of each the median of ten runs."""
    asked = case.Case(name)
    runner = native.CardRunner(asked.library(), asked.feeds)
    runs = [runner.steps() for _ in range(10)]
    runner.close()
    found = [[step[0][0], statistics.median(milliseconds for _, milliseconds in step)] for step in zip(*runs)]
    flops = 0
    if name.startswith("product_"):
        a, b = asked.feeds.values()
        flops = 2 * a.size * b.shape[-1]
    return {"steps": found, "flops": flops}


def median_times(contenders, seconds):
    """Milliseconds of one run each: (call, wait) in turns, as many runs between two waits as take about 2 ms."""
    counts, times = [], [[] for _ in contenders]
    for call, wait in contenders:
        for _ in range(5):
            call()
        wait()
        start = time.perf_counter()
        call()
        wait()
        counts.append(max(1, int(0.002 / (time.perf_counter() - start))))
    until = time.perf_counter() + seconds * len(contenders)
    while time.perf_counter() < until or len(times[0]) < 5:
        for i, (call, wait) in enumerate(contenders):
            start = time.perf_counter()
            for _ in range(counts[i]):
                call()
            wait()
            times[i].append((time.perf_counter() - start) / counts[i] * 1e3)
    return [statistics.median(t) for t in times]


def compare(name, seconds, anywhere, compiled):
    """kiln and PyTorch on the card with equal weights and inputs: how far apart their answers or gradients are, and their times."""
    import networks
    if networks.DEVICE.type == "cpu" and not anywhere:
        return {"nothing": "PyTorch has no card here"}
    asked = case.Case(name)
    peer = networks.Peer(asked, compiled)
    own = native.CardRunner(asked.library(), asked.feeds)
    own.check(own.call())
    own.wait()
    found = apart.updates(own.results(), asked.feeds)
    theirs = apart.updates(peer.answers(), asked.feeds)
    answer = {"difference": apart.worst(found, theirs), "where": apart.where(found, theirs)}
    if asked.is_step:  # many steps at the rate of 1 would end in NaN
        own.put("rate", 0)
        peer.stay()
    answer["kiln"], answer["torch"] = median_times([(own.call, own.wait), (peer.call, networks.wait)], seconds)
    own.close()
    return answer


def peer(name):
    """PyTorch alone, on a card or not: does it build the same network?"""
    import networks
    asked = case.Case(name)
    theirs, expected = apart.updates(networks.Peer(asked, False).answers(), asked.feeds), apart.updates(asked.expected(), asked.feeds)
    expected = {key: expected[key] for key in theirs}
    return {"difference": apart.worst(theirs, expected), "where": apart.where(theirs, expected)}


def serve(kind, names, seconds, anywhere):
    kinds = {"card": card_answers, "check": check, "steps": steps, "peer": peer, "eager": lambda name: compare(name, seconds, anywhere, False),
             "compile": lambda name: compare(name, seconds, anywhere, True)}
    for name in names:
        try:
            answer = kinds[kind](name)
        except Exception as error:  # the other side asks on, in a new process
            answer = {"error": f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[-1]}"}
        print(json.dumps({"case": name, **answer}), flush=True)
        if "error" in answer:
            os._exit(1)  # what a fault left on the card is not waited for
