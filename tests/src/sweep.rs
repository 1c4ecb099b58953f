//! Tests that walk the operation table: a new operation gets them for free.
