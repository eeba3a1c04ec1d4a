"""DuckDB behind one door: filters and pages over Parquet files of results.

The only module beside the readers that imports `duckdb`, for three reasons. A query here never holds a value: text of
SQL comes from the program, every value is bound. A connection reaches the files that it was opened for and
nothing else, and loads no extension. And rows come back with `fetchall` from one ordered query: in DuckDB 2.0
`execute(…).to_arrow_table()` loses ORDER BY where insertion order is not preserved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

MEMORY = "512MB"
SPILLING = "256MB"  # where what does not fit goes to disk: beside what a run holds already
THREADS = 2


class QueryError(Exception):
    """A file cannot be read or a query cannot be answered; the message is DuckDB's first line."""


def name(column: str) -> str:
    """A column's name as SQL writes it, whatever signs it holds."""
    return '"' + column.replace('"', '""') + '"'


@contextmanager
def connect(*files: str | os.PathLike[str], spill: Path | None = None) -> Iterator[Any]:
    """A connection in memory that may read and write these files and reach nothing else outside.

    spill: a folder for what does not fit into memory; without it a query that needs more fails. Raises QueryError for
    what goes wrong inside the `with`.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": THREADS,
            "memory_limit": MEMORY if spill is None else SPILLING,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        # A pattern is checked as it is written, then the file that it found.
        allowed = dict.fromkeys(spelling for file in files for spelling in (str(Path(file).resolve()), _file(file)))
        connection.execute("SET temp_directory = " + _text("" if spill is None else str(spill.resolve())))
        connection.execute("SET allowed_paths = " + _list(list(allowed)))
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    except duckdb.Error as error:
        raise QueryError(str(error).partition("\n")[0]) from error
    finally:
        connection.close()


def query(
    path: str | os.PathLike[str],
    where: str = "",
    params: Sequence[Any] = (),
    *,
    columns: Sequence[str] | None = None,
    order: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Rows of a Parquet file, one mapping each.

    where, order: SQL of the program, with `?` for each of `params`; never text of a person. columns: names, all when
    left out. Raises QueryError.
    """
    wanted = ", ".join(name(column) for column in columns) if columns is not None else "*"
    text = f"SELECT {wanted} FROM read_parquet(?)"  # noqa: S608 - names are quoted, values are bound
    values: list[Any] = [_file(path), *params]
    if where:
        text += f" WHERE {where}"
    if order:
        text += f" ORDER BY {order}"
    if limit is not None:
        text += " LIMIT ? OFFSET ?"
        values += [limit, offset]
    with connect(path) as connection:
        found = connection.execute(text, values)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def count(path: str | os.PathLike[str], where: str = "", params: Sequence[Any] = ()) -> int:
    """How many rows of a Parquet file meet `where`. Raises QueryError."""
    text = "SELECT count(*) FROM read_parquet(?)" + (f" WHERE {where}" if where else "")  # noqa: S608 - as in query
    with connect(path) as connection:
        return int(connection.execute(text, [_file(path), *params]).fetchall()[0][0])


def schema(path: str | os.PathLike[str]) -> dict[str, str]:
    """The columns of a Parquet file and their types, as DuckDB names them. Raises QueryError."""
    with connect(path) as connection:
        found = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [_file(path)]).fetchall()
        return {row[0]: row[1] for row in found}


def derive(
    path: str | os.PathLike[str], target: str | os.PathLike[str], columns: Mapping[str, str], *, where: str = ""
) -> int:
    """Writes the Parquet file `target` with one column for each expression over the rows of `path`; gives their number.

    columns: name → SQL expression of the program. The order of rows is kept. Raises QueryError.
    """
    listed = ", ".join(f"{expression} AS {name(column)}" for column, expression in columns.items())
    inner = f"SELECT {listed} FROM read_parquet(?)" + (f" WHERE {where}" if where else "")  # noqa: S608 - as in query
    with connect(path, target) as connection:
        text = f"COPY ({inner}) TO {_text(str(Path(target).resolve()))} (FORMAT parquet, COMPRESSION zstd)"
        return int(connection.execute(text, [_file(path)]).fetchall()[0][0])


def gather(
    paths: Sequence[str | os.PathLike[str]], target: str | os.PathLike[str], by: str, counted: Mapping[str, str],
    columns: Mapping[str, str], *, order: str, spill: Path,
) -> int:  # fmt: skip
    """Writes the Parquet file `target` with a row for each value of the column `by` in Parquet files of one form; gives
    their number.

    counted: name → aggregate of the program. columns: name → expression of the program over `by` and the names in
    `counted`. order: an expression over these. Rows without a value are left out. What does not fit into memory goes
    into the folder `spill`. Raises QueryError.
    """
    inner = ", ".join(f"{expression} AS {name(column)}" for column, expression in counted.items())
    outer = ", ".join(f"{expression} AS {name(column)}" for column, expression in columns.items())
    key = name(by)
    text = (
        f"SELECT {outer} FROM (SELECT {key}, {inner} FROM read_parquet(?) WHERE {key} IS NOT NULL GROUP BY {key}) "  # noqa: S608
        f"ORDER BY {order}"  # as in query, names are quoted and values are bound
    )
    with connect(*paths, target, spill=spill) as connection:
        text = f"COPY ({text}) TO {_text(str(Path(target).resolve()))} (FORMAT parquet, COMPRESSION zstd)"
        return int(connection.execute(text, [[_file(path) for path in paths]]).fetchall()[0][0])


def _file(path: str | os.PathLike[str]) -> str:
    # `read_parquet` takes a pattern: a sign of one in a folder's name has to stand for itself.
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(Path(path).resolve()))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
