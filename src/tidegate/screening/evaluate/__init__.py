"""What the law says of one shipment, layer by layer, with reasons.

The order of work: classify the content (which worlds are open), then look at each layer in each world, then put the
layers together, strictest on top. Where a fact is not known, the prohibitions that turn on it are tried with every
value it may take: only when the answers differ is the layer undetermined, and the fact a question.

    compiled.py        rules with their conditions as closures; the rules in force on a day
    results.py         what a layer says
    binding.py         which rules bind, and whether they prohibit
    trial.py           trying every value of what is not known
    papers_asked.py    papers asked for and not held
    national.py        the law of one State in one world
    international.py   Basel, its agreements, regional and Union law in one world
    layers.py          a layer over all worlds
"""

from tidegate.screening.evaluate.compiled import WORLDWIDE, Compiled, CompiledBook, compiled
from tidegate.screening.evaluate.layers import international_layers, layer_days, national_layer
from tidegate.screening.evaluate.results import CLASSES, DISPLACED, OUTCOMES, SEVERITY, LayerResult, Question

__all__ = [
    "CLASSES",
    "DISPLACED",
    "OUTCOMES",
    "SEVERITY",
    "WORLDWIDE",
    "Compiled",
    "CompiledBook",
    "LayerResult",
    "Question",
    "compiled",
    "international_layers",
    "layer_days",
    "national_layer",
]
