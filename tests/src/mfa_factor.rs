//! Second factors as their user sees them.

mod enroll;
mod guessing;
mod reset;
