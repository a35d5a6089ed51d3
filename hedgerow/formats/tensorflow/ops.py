"""Operations that a pushed graph must not have.

A graph is a program. The operations listed here read and write files, reach the network, run Python or
end the process, and no model that scores numbers needs one. A list of what is refused is only as good as
it is complete, so this is the bound of today: an operation that is not on it, and one that a later
TensorFlow brings, passes. The host's own limits are what stands behind it. The names are those of
TensorFlow 2.21's registry that take a file, an address or a function of another process.

Checkpoint operations are a case apart. Every SavedModel has them, in functions that save and restore its
variables, and restoring is how it is loaded; so the registry lets them pass, and the host, which can follow
the graph, refuses a model that would run one to score. One that runs while the model loads is not seen.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from hedgerow.errors import InvalidModel

CHECKPOINT = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2"})
"""What a SavedModel loads and saves its variables with."""

_WHAT_THEY_DO = {
    "reads files": """
        CSVDataset CSVDatasetV2 CacheDataset CacheDatasetV2 DecodeProtoV2 EncodeProto
        ExperimentalCSVDataset ExperimentalLMDBDataset ExperimentalMatchingFilesDataset
        ExperimentalSqlDataset FixedLengthRecordDataset FixedLengthRecordDatasetV2
        FixedLengthRecordReader FixedLengthRecordReaderV2 FixedUnigramCandidateSampler
        GenerateVocabRemapping IdentityReader IdentityReaderV2 ImmutableConst
        InitializeTableFromTextFile InitializeTableFromTextFileV2 LMDBDataset LMDBReader
        ListSnapshotChunksDataset LoadAndRemapMatrix LoadDataset MatchingFiles
        MatchingFilesDataset ReadFile ReaderRead ReaderReadUpTo ReaderReadUpToV2 ReaderReadV2
        RecordInput Restore RestoreSlice Skipgram SnapshotChunkDataset SnapshotDatasetReader
        SnapshotNestedDatasetReader SqlDataset TFRecordDataset TFRecordDatasetV2 TFRecordReader
        TFRecordReaderV2 TextLineDataset TextLineReader TextLineReaderV2 WholeFileReader
        WholeFileReaderV2 DTensorRestoreV2
    """,
    "writes files": """
        CalibrationStatisticsSaver CreateSummaryDbWriter CreateSummaryFileWriter
        DatasetToTFRecord DumpTensor ExperimentalDatasetToTFRecord ImportEvent PrintV2 Save
        SaveDataset SaveDatasetV2 SaveSlices SnapshotDataset SnapshotDatasetV2 SummaryWriter
        WriteAudioSummary WriteFile WriteGraphSummary WriteHistogramSummary WriteImageSummary
        WriteRawProtoSummary WriteScalarSummary WriteSummary
    """,
    "reaches the network": """
        BigQueryReader DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3
        DataServiceDatasetV4 DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount
        DebugNumericSummary DebugNumericSummaryV2 DistributedSave FileSystemSetConfiguration
        RegisterDataset RegisterDatasetV2 RemoteCall RpcCall RpcClient RpcServer
        RpcServerRegister RpcServerStart
    """,
    "runs Python": "EagerPyFunc PyFunc PyFuncStateless",
    "runs code that is not in the graph": """
        DatasetFromGraph RewriteDataset XlaCustomCall XlaCustomCallV2
    """,
    "ends the process": "Abort",
}
_FROM_FILE = (
    "make its tables of constants (tf.lookup.KeyValueTensorInitializer) in place of files, which are its"
    " assets, and export it again"
)
_ADVICE = {
    "InitializeTableFromTextFile": _FROM_FILE,
    "InitializeTableFromTextFileV2": _FROM_FILE,
    "PrintV2": "take tf.print out of it and export it again",
    "EagerPyFunc": "write what tf.py_function does in TensorFlow and export it again",
    "PyFunc": "write what tf.py_function does in TensorFlow and export it again",
    "PyFuncStateless": "write what tf.numpy_function does in TensorFlow and export it again",
}
"""What to do about those that people have without a thought of files."""
_REFUSED = {op: what for what, ops in _WHAT_THEY_DO.items() for op in ops.split()}
_REFUSED_IN_SCORING = _REFUSED | dict.fromkeys(CHECKPOINT, "reads or writes checkpoint files")


def refuse(ops: Iterable[str], *, to_score: bool) -> None:
    """Raise InvalidModel if one of `ops` must not be in a model.

    `to_score` tells that they are what is run to score, where checkpoint operations have no place.
    """
    refused = _REFUSED_IN_SCORING if to_score else _REFUSED
    for op in ops:
        if op in refused:
            advice = _ADVICE.get(op, "export one that takes numbers and gives scores")
            raise InvalidModel(
                f"the graph has the operation {op}, which {refused[op]}; models must not, so {advice}"
            )


def ops_behind(graph: Any, output: str) -> Iterator[str]:
    """Yield the operations that run for the node `output`, those of functions it calls included.

    `graph` is TensorFlow's GraphDef: the registry's reading of it does not have what leads from node to
    node. Raises KeyError if there is no such node.
    """
    nodes = {node.name: node for node in graph.node}
    functions = {function.signature.name: function for function in graph.library.function}
    waiting: list[Any] = [nodes[output]]
    met = {output}
    while waiting:
        node = waiting.pop()
        yield node.op
        for name in {_node_of(tensor) for tensor in node.input} & nodes.keys() - met:
            met.add(name)
            waiting.append(nodes[name])
        for name in _functions_of(node) & functions.keys():
            waiting.extend(functions.pop(name).node_def)


def _node_of(tensor: str) -> str:
    """`^node` waits for a node, `node:1` is its second output."""
    return tensor.removeprefix("^").partition(":")[0]


def _functions_of(node: Any) -> set[str]:
    called = {node.op}
    for attribute in node.attr.values():
        called.add(attribute.func.name)
        called.update(function.name for function in attribute.list.func)
    return called
