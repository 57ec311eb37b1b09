# A test may swap the base; a release names it by digest.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# run: the service that keeps nothing; hospital: with a record, a queue, DICOM and HL7.
ARG REQUIREMENTS=run
WORKDIR /build
COPY requirements/build.txt requirements/${REQUIREMENTS}.txt requirements/
RUN python3 -m venv /opt/build \
 && /opt/build/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && python3 -m venv --without-pip /opt/aspects \
 && /opt/build/bin/python -m pip --python /opt/aspects/bin/python install --no-cache-dir --require-hashes -r requirements/${REQUIREMENTS}.txt
COPY LICENSE NOTICE README.md pyproject.toml ./
COPY app app
COPY imaging imaging
COPY scoring scoring
RUN /opt/build/bin/python -m pip wheel --no-cache-dir --no-deps --no-index --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/python -m pip --python /opt/aspects/bin/python install --no-cache-dir --no-deps --no-index dist/*.whl

FROM ${BASE}
ARG VERSION=unreleased
LABEL org.opencontainers.image.title="ASPECTS triage" \
      org.opencontainers.image.description="ASPECTS from head CT or findings; thrombectomy and transfer by published guidelines. Not a medical device." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /opt/aspects /opt/aspects
ENV PATH=/opt/aspects/bin:$PATH PYTHONUNBUFFERED=1
# A number, so that an orchestrator can see that it is not root. Nothing is written outside /tmp: the root may be read-only.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["aspects", "serve", "--host", "0.0.0.0"]
