//! (being written)

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![]
}
