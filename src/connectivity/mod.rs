//! Is there a network?
