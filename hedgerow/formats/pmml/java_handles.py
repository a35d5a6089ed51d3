"""Puts Java methods together into new ones, from Python, without compiling Java.

A loop over a batch belongs on Java's side: a call across costs a microsecond or more, so rows must not
cross one by one. `Handles` joins method handles (`java.lang.invoke`) into whole pipelines, which Java's
compiler then treats like any other code. Types in the comments are Java's.
"""

from typing import Any

import jpype

Handle = Any
"""A java.lang.invoke.MethodHandle."""

_Class = Any
"""A java.lang.Class."""


class Handles:
    """Finds and joins method handles. Every lookup names a public method by its exact types."""

    def __init__(self) -> None:
        self.void = jpype.JClass("java.lang.Void").TYPE
        self.object = jpype.JObject.class_
        self.objects = jpype.JArray(jpype.JObject).class_
        self.double = jpype.JDouble.class_
        self.doubles = jpype.JArray(jpype.JDouble).class_
        self.matrix = jpype.JArray(jpype.JDouble, 2).class_
        self._function = jpype.JClass("java.util.function.Function").class_
        self._int_function = jpype.JClass("java.util.function.IntFunction").class_
        self._stream = jpype.JClass("java.util.stream.Stream").class_
        self._arrays = jpype.JClass("java.util.Arrays").class_
        self._handles = jpype.JClass("java.lang.invoke.MethodHandles")
        self._proxies = jpype.JClass("java.lang.invoke.MethodHandleProxies")
        self._method_type = jpype.JClass("java.lang.invoke.MethodType").methodType
        self._lookup = self._handles.publicLookup()

    # -- finding -----------------------------------------------------------------------------------

    def virtual(self, owner: _Class, name: str, result: _Class, *arguments: _Class) -> Handle:
        """Return owner.name(arguments) -> result; it takes the owner first."""
        return self._lookup.findVirtual(owner, name, self._method_type(result, list(arguments)))

    def static(self, owner: _Class, name: str, result: _Class, *arguments: _Class) -> Handle:
        """Return the static method (arguments) -> result."""
        return self._lookup.findStatic(owner, name, self._method_type(result, list(arguments)))

    def constructor(self, owner: _Class, *arguments: _Class) -> Handle:
        """Return (arguments) -> owner."""
        return self._lookup.findConstructor(owner, self._method_type(self.void, list(arguments)))

    def element(self, index: int) -> Handle:
        """Return Object[] -> Object: one element."""
        getter = self._handles.arrayElementGetter(self.objects)
        return self.with_argument(getter, 1, jpype.JInt(index))

    # -- joining -----------------------------------------------------------------------------------

    def with_argument(self, handle: Handle, position: int, value: Any) -> Handle:
        """Fix one argument."""
        return self._handles.insertArguments(handle, position, value)

    def as_type(self, handle: Handle, result: _Class, *arguments: _Class) -> Handle:
        """Return the same with other types; values are cast, boxed and unboxed."""
        return handle.asType(self._method_type(result, list(arguments)))

    def then(self, first: Handle, *rest: Handle) -> Handle:
        """Return first, and each of the rest with the result of the one before."""
        for handle in rest:
            taken = first.type().returnType()
            first = self._handles.filterReturnValue(
                first, self.as_type(handle, handle.type().returnType(), taken)
            )
        return first

    def to_doubles(self, *handles: Handle) -> Handle:
        """Return T -> double[]: what each of the handles (T -> double) says of one T."""
        taken = handles[0].type().parameterType(0)
        collect = self._handles.identity(self.doubles).asCollector(self.doubles, len(handles))
        spread = self._handles.filterArguments(collect, 0, *handles)
        same = [0] * len(handles)
        return self._handles.permuteArguments(spread, self._method_type(self.doubles, taken), *same)

    def for_each(self, handle: Handle, result: _Class) -> Handle:
        """Return Object[] -> result, an array with what `handle` makes of each element."""
        make = self.as_type(self._handles.arrayConstructor(result), self.object, jpype.JInt.class_)
        new = self._proxies.asInterfaceInstance(self._int_function, make)
        stream = self.static(self._arrays, "stream", self._stream, self.objects)
        map_ = self.virtual(self._stream, "map", self._stream, self._function)
        collect = self.virtual(self._stream, "toArray", self.objects, self._int_function)
        joined = self.then(
            stream,
            self.with_argument(map_, 1, self.function(handle)),
            self.with_argument(collect, 1, new),
        )
        return self.as_type(joined, result, self.objects)

    def function(self, handle: Handle) -> Any:
        """Return a java.util.function.Function, whose `apply` is the handle."""
        return self._proxies.asInterfaceInstance(
            self._function, self.as_type(handle, self.object, self.object)
        )
