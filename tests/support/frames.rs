//! What pages with frames do in more than one story.

/// For a page: opens a frame, and waits for what it posts to the page.
pub const WORD_OF: &str = "self.wordOf = async (address) => {
    const heard = new Promise((resolve) => self.onmessage = ({ data }) => resolve(data));
    await openFrame(address).loaded;
    return heard;
};";
