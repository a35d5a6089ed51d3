"""Makes a signature of what a PMML document says, or says what is wrong with it.

Features are the fields of the DataDictionary, in its order: the active ones of the model's MiningSchema,
and as unused the others, which a record may have or not.

Whether a feature may be missing is a question of what the document says of it, not of what the engine
would do: a field whose missing values are replaced, and one that only reaches models that say how they go
on without it. `missingValueTreatment` alone tells how a replacement was found, by the standard, and says
nothing without one; `nullPrediction` says that there is no answer. A derived field counts as required:
what its expression makes of a missing value is not followed.
"""

from hedgerow.errors import InvalidModel
from hedgerow.formats.pmml.document import ENGINE_MODELS, MODELS, Element
from hedgerow.v1.models_pb2 import Feature, Signature

_TYPES = {
    "double": Feature.TYPE_DOUBLE,
    "float": Feature.TYPE_DOUBLE,
    "integer": Feature.TYPE_INTEGER,
    "string": Feature.TYPE_STRING,
    "boolean": Feature.TYPE_BOOLEAN,
}
_PREDICTION_TYPES = {
    "classification": Signature.PREDICTION_TYPE_CLASSIFICATION,
    "regression": Signature.PREDICTION_TYPE_REGRESSION,
}
_TARGET_USAGES = ("target", "predicted")

# Strategies of a tree that lead to an answer; the two last ones do in classification only.
_ANSWERING = {
    "classification": ("lastPrediction", "defaultChild", "weightedConfidence", "aggregateNodes"),
    "regression": ("lastPrediction", "defaultChild"),
}


def signature_of(document: Element) -> Signature:
    """Return the complete signature of a document. Raises InvalidModel if it cannot be served."""
    for part in ("Header", "DataDictionary"):
        if not document.all(part):
            raise InvalidModel(
                f"the document has no {part}; the engine does not load it without one"
            )
    model = _model(document)
    fields = {field.get("name"): field for field in document.below("DataDictionary")}
    target = _target(model, fields)
    prediction_type = _PREDICTION_TYPES[model.get("functionName")]
    classes = (
        _classes(target) if prediction_type == Signature.PREDICTION_TYPE_CLASSIFICATION else []
    )
    return Signature(
        features=_features(model, fields, target), prediction_type=prediction_type, classes=classes
    )


# -- the model -------------------------------------------------------------------------------------


def _model(document: Element) -> Element:
    models = [child for child in document.children if child.tag in MODELS]
    if not models:
        raise InvalidModel("the document has no model element (TreeModel, MiningModel, ...)")
    for element in models[0].walk():
        _check_engine_has(element)
    function = models[0].get("functionName")
    if function not in _PREDICTION_TYPES:
        raise InvalidModel(
            f"{models[0]} has functionName {function!r}; only classification and regression are served"
        )
    return models[0]


def _check_engine_has(element: Element) -> None:
    if element.tag in MODELS - ENGINE_MODELS:
        raise InvalidModel(f"{element} is a model that the engine, PMML4S, does not have")
    if element.tag == "MiningModel" and not element.all("Segmentation"):
        raise InvalidModel(f"{element} has no Segmentation, and the engine needs one")
    if element.get("multipleModelMethod") == "selectAll":
        raise InvalidModel(f"{element} has multipleModelMethod selectAll, which gives many answers")


# -- the target ------------------------------------------------------------------------------------


def _target(model: Element, fields: dict[str, Element]) -> Element:
    named = [f for f in model.below("MiningSchema") if f.get("usageType") in _TARGET_USAGES]
    names = [field.get("name") for field in named]
    names = names or [target.get("field") for target in model.below("Targets")]
    if not names:
        raise InvalidModel(f"{model} has no target; give one MiningField usageType='target'")
    if len(names) > 1:
        raise InvalidModel(f"{model} has several targets ({', '.join(names)}); only one is served")
    if names[0] not in fields:
        raise InvalidModel(f"target {names[0]!r} of {model} is not in the DataDictionary")
    return fields[names[0]]


def _classes(target: Element) -> list[str]:
    classes = [
        value.get("value")
        for value in target.all("Value")
        if value.get("property", "valid") == "valid"
    ]
    if not classes:
        raise InvalidModel(
            f"{target} {target.get('name')!r} is the target of a classification and has no Value"
            " elements; list its classes there"
        )
    return classes


# -- the features ----------------------------------------------------------------------------------


def _features(model: Element, fields: dict[str, Element], target: Element) -> list[Feature]:
    used = {f.get("name"): f for f in model.below("MiningSchema") if _is_active(f)}
    for name, mining_field in used.items():
        if name not in fields:
            raise InvalidModel(f"{mining_field} {name!r} is not in the DataDictionary")
    if not used:
        raise InvalidModel(f"{model} has no active field in its MiningSchema")
    return [
        _used(model, used[name], field) if name in used else _unused(field)
        for name, field in fields.items()
        if field is not target
    ]


def _is_active(mining_field: Element) -> bool:
    return mining_field.get("usageType", "active") == "active"


def _used(model: Element, mining_field: Element, field: Element) -> Feature:
    name, data_type = field.get("name"), field.get("dataType")
    if data_type not in _TYPES:
        raise InvalidModel(
            f"{field} {name!r} has dataType {data_type!r}, which no record can have; it must be double,"
            " float, integer, string or boolean"
        )
    may_be_missing = _says_what_to_do(model, mining_field)
    return Feature(name=name, type=_TYPES[data_type], may_be_missing=may_be_missing)


def _unused(field: Element) -> Feature:
    data_type = _TYPES.get(field.get("dataType"), Feature.TYPE_UNSPECIFIED)
    return Feature(name=field.get("name"), type=data_type, unused=True)


# -- missing values --------------------------------------------------------------------------------


def _says_what_to_do(model: Element, mining_field: Element) -> bool:
    """Whether `model`, whose MiningSchema has the field, says what a missing value leads to."""
    if mining_field.get("missingValueTreatment") == "returnInvalid":
        return False
    if "missingValueReplacement" in mining_field.attributes:
        return True
    name = mining_field.get("name")
    if model.tag == "MiningModel":
        return _all_segments_say(model, name)
    if model.tag == "TreeModel" and model.get("missingValueStrategy") in _answering(model):
        return True
    # A naive Bayes model leaves the field out, by the standard. Others ask, as a node or a rule may.
    return model.tag == "NaiveBayesModel" or any(
        test.tag == "SimplePredicate" and test.get("field") == name for test in model.walk()
    )


def _answering(tree: Element) -> tuple[str, ...]:
    return _ANSWERING.get(tree.get("functionName"), ())


def _all_segments_say(ensemble: Element, name: str) -> bool:
    """Whether every model that the field reaches says so; none at all means a derived field hides it."""
    reached = [
        (model, mining_field)
        for segment in ensemble.below("Segmentation")
        for model in segment.children
        for mining_field in model.below("MiningSchema")
        if mining_field.get("name") == name and _is_active(mining_field)
    ]
    return bool(reached) and all(_says_what_to_do(model, field) for model, field in reached)
