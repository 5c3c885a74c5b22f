//! What a contributor signs. A signature is kept with the version and the hash of the text, the name that signed, and the time.

/// The version of [`TEXT`]. Every change of the text gets another one.
pub const VERSION: u32 = 1;

/// The statement.
pub const TEXT: &str = include_str!("statement.txt");
