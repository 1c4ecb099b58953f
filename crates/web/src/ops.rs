//! Every operation, one row each. A file is a module of the API; its `ops()` is the index of what follows below it.

use crate::op::Op;

/// In the order of the document.
pub fn all() -> Vec<Op> {
    let lists: Vec<Vec<Op>> = vec![];
    lists.into_iter().flatten().collect()
}
