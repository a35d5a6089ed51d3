# The images of hedgerow, a target each:
#
#   service   registry, router and collector: no TensorFlow, no Java
#   executor  with both
#   cli       the command `hedgerow`
#
# `make images` builds all three; docs/deploy.md says how, how large they are and what they write. Docker's
# BuildKit, podman and buildah (from 1.28) read this file alike, so it has nothing that only one of them knows.
#
# BASE is any image with Debian's C library, and with `python` of 3.11, 3.12 or 3.13 and its venv. For
# production name it by digest, BASE=python@sha256:...: a tag may be another image tomorrow.
ARG BASE=python:3.13-slim-bookworm


# pip and the backend that builds our wheel. Neither is in an image.
#
# Both secrets are optional, and nothing of them stays: pip's settings, where it needs some to reach its index,
# and the certificates that those name. `make images` takes them from the pip that it runs with.
FROM ${BASE} AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY images/constraints/build.txt images/bytecode.py ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/run/secrets/certificates \
    --mount=type=cache,target=/root/.cache/pip \
    python -m venv tools \
    && tools/bin/python -m pip install --require-hashes --only-binary :all: --requirement build.txt


FROM tools AS wheel
COPY pyproject.toml README.md LICENSE ./
COPY hedgerow ./hedgerow
COPY services ./services
RUN tools/bin/python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir wheels .


# What an image has beside its base, an environment for each, with neither pip nor what packages have for those
# who develop with them: their tests, and what compilers and type checkers read; nor what botocore knows of 400
# services of Amazon's, but for the one that has models and those that give credentials for it. An environment
# knows its place, so it is made where it will be. Byte code: images/bytecode.py.
FROM tools AS service-environment
COPY images/constraints/service.txt ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/run/secrets/certificates \
    --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/hedgerow \
    && tools/bin/python -m pip --python /opt/hedgerow/bin/python install --no-compile \
         --require-hashes --only-binary :all: --requirement service.txt \
    && find /opt/hedgerow -type d \( -name tests -o -name include \) -prune -exec rm -r {} + \
    && find /opt/hedgerow -type f \( -name '*.pyi' -o -name '*.a' \) -delete \
    && find /opt/hedgerow -path '*/botocore/data/*' -prune -type d \
         ! -name s3 ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} +
COPY --from=wheel /build/wheels ./wheels
RUN tools/bin/python -m pip --python /opt/hedgerow/bin/python install --no-compile \
      --no-deps --no-index wheels/*.whl \
    && PYTHONPYCACHEPREFIX=/opt/hedgerow/bytecode /opt/hedgerow/bin/python -B bytecode.py \
         services.registry.server services.router.server services.collector.server s3fs


FROM tools AS executor-environment
COPY images/constraints/executor.txt ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/run/secrets/certificates \
    --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/hedgerow \
    && tools/bin/python -m pip --python /opt/hedgerow/bin/python install --no-compile \
         --require-hashes --only-binary :all: --requirement executor.txt \
    && find /opt/hedgerow -type d \( -name tests -o -name include \) -prune -exec rm -r {} + \
    && find /opt/hedgerow -type f \( -name '*.pyi' -o -name '*.a' \) -delete \
    && find /opt/hedgerow -path '*/botocore/data/*' -prune -type d \
         ! -name s3 ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} +
COPY --from=wheel /build/wheels ./wheels
RUN tools/bin/python -m pip --python /opt/hedgerow/bin/python install --no-compile \
      --no-deps --no-index wheels/*.whl \
    && PYTHONPYCACHEPREFIX=/opt/hedgerow/bytecode /opt/hedgerow/bin/python -B bytecode.py \
         services.executor.server services.executor.host.main tensorflow jpype s3fs


FROM tools AS cli-environment
COPY images/constraints/cli.txt ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/run/secrets/certificates \
    --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/hedgerow \
    && tools/bin/python -m pip --python /opt/hedgerow/bin/python install --no-compile \
         --require-hashes --only-binary :all: --requirement cli.txt \
    && find /opt/hedgerow -type d \( -name tests -o -name include \) -prune -exec rm -r {} + \
    && find /opt/hedgerow -type f \( -name '*.pyi' -o -name '*.a' \) -delete
COPY --from=wheel /build/wheels ./wheels
RUN tools/bin/python -m pip --python /opt/hedgerow/bin/python install --no-compile \
      --no-deps --no-index wheels/*.whl \
    && PYTHONPYCACHEPREFIX=/opt/hedgerow/bytecode /opt/hedgerow/bin/python -B bytecode.py hedgerow.cli


# What all images have in common. The user has a number and no name: Kubernetes tells by a number alone that it
# is not root. Nothing but /tmp and the two folders is ever written, so the root may be read-only. HOME is
# there for TensorFlow, which writes a file of settings into it.
FROM ${BASE} AS runtime
ARG BASE
ARG VERSION=unknown
LABEL org.opencontainers.image.title="hedgerow" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE}"
ENV PATH=/opt/hedgerow/bin:$PATH \
    HOME=/tmp \
    PYTHONPYCACHEPREFIX=/opt/hedgerow/bytecode \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1
RUN install --directory --owner=65532 --group=65532 \
      /var/lib/hedgerow /var/lib/hedgerow/models /var/lib/hedgerow/spool
WORKDIR /var/lib/hedgerow
USER 65532:65532


# dumb-init is the first process of each container. The kernel does not end a first process by a signal that it
# does not handle, and Python does not handle SIGTERM while a service is imported; and when a fork server dies,
# the first process inherits its hosts and has to reap them, which Python does not. --single-child: only the
# service is told to stop, and it stops what it started.
FROM runtime AS service
COPY --from=service-environment /opt/hedgerow /opt/hedgerow
ENV HEDGEROW_REGISTRY_SPOOL_DIR=/var/lib/hedgerow/spool
# Which of them is the argument: services.registry, services.router or services.collector.
ENTRYPOINT ["dumb-init", "--single-child", "--", "python", "-m"]


FROM runtime AS executor
COPY --from=executor-environment /opt/hedgerow /opt/hedgerow
ENV HEDGEROW_EXECUTOR_CACHE_DIR=/var/lib/hedgerow/models
ENTRYPOINT ["dumb-init", "--single-child", "--", "python", "-m"]
CMD ["services.executor"]


FROM runtime AS cli
COPY --from=cli-environment /opt/hedgerow /opt/hedgerow
ENTRYPOINT ["dumb-init", "--single-child", "--", "hedgerow"]
