"""A hundred million shipments with the answer of one.

The law depends on a shipment only through what its conditions can tell apart. So each batch is collapsed to the whole
cases that it holds; a case that was met before is not looked at again. New cases collapse further, for the
classification and for each layer, to the distinct cases of that layer; each is decided once by the evaluator itself, on
the first row that showed it; and the rows take the results back. There is no second set of rules: what is compiled
here is only what a condition can see of a value (which side of a threshold, which of the words named, which dates of
law lie before it), and what the evaluator was seen to look at.

    columns.py      a batch of Arrow columns, flat or nested, as typed columns with codes
    keys.py         packing codes into keys, and keys into dense ids that stay the same from batch to batch
    composition.py  polymers and contamination: which targets and limits a mix can meet
    documents.py    papers held: kind, dates, terms, standard, value, as a signature
    view.py         all columns of a batch as codes
    shipments.py    rows as shipments, for the evaluator
    describe.py     what the rules of a layer can tell apart, read off their conditions
    standing.py     which groups a State belongs to on a day
    classes.py, class_masks.py      the distinct cases of the classification
    layers.py, residual.py          the distinct cases of each layer of law
    watch.py        answers kept by what the evaluator looked at
    session.py      the collapse itself
    sets.py         the sets of results, as rows of numbers
    compared.py     the cases of a file under two rulebooks
    sheets.py       decisions put together from parts that many share, and their JSON
"""

from tidegate.screening.bulk.session import BatchResult, Session

__all__ = ["BatchResult", "Session"]
