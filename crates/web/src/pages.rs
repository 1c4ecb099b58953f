//! Pages that are no operations: health, metrics, version, the API document, the development inbox.
