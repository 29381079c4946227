"""The trace as a Parquet file, written in chunks as the run goes on."""

from pathlib import Path
from typing import Any, Final

from tvc.files.outputs import part_of
from tvc.trace.measures.lines import LINE, Line

_TIMES: Final = ("true_ms", "reading_ms", "wait_ms")


class TraceFile:
    """A Parquet file that receives every record of a run.

    It is written under a temporary name and takes its own when it is closed; closed early, it
    holds the records so far.

    Parameters
    ----------
    path
        The file; one that is there is replaced.

    Raises
    ------
    OSError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        text = pa.dictionary(pa.int32(), pa.string())
        kinds = {"code": pa.int32()} | dict.fromkeys(_TIMES, pa.int64())
        self._schema = pa.schema([(name, kinds.get(name, text)) for name in LINE])
        self._path = path
        self._part = part_of(path)
        # Opened here: pyarrow takes no path that is not text.
        self._stream = self._part.open("xb")
        self._writer: Any = pq.ParquetWriter(self._stream, self._schema)

    def write(self, lines: list[Line]) -> None:
        """Append records."""
        import pyarrow as pa

        arrays = []
        for field, column in zip(self._schema, zip(*lines, strict=True), strict=True):
            if pa.types.is_dictionary(field.type):
                values = pa.array(
                    [None if value is None else str(value) for value in column], pa.string()
                )
                arrays.append(values.dictionary_encode())
            else:
                arrays.append(pa.array(column, field.type))
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Finish the file and give it its name."""
        self._writer.close()
        self._stream.close()
        self._part.replace(self._path)
