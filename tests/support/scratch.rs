//! A private folder for a test.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// A new folder, removed with its contents on drop. Other users may read it, because servers that
/// root starts run as one of them.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty folder.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("memdict-{}-{number}", process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a folder can be made");
        open_to_all(&path);
        Self(path)
    }

    /// Returns the path of a file in it, as text.
    ///
    /// # Panics
    ///
    /// If the path of the system's folder for temporary files is not UTF-8.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("paths here are text").to_owned()
    }

    /// Writes a file that everyone can read.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.file(name);
        fs::write(&path, text).expect("a file can be written");
        path
    }

    /// Lets everyone read its contents.
    ///
    /// # Panics
    ///
    /// If the permissions cannot be set.
    pub fn share(&self) {
        for file in fs::read_dir(&self.0).expect("the folder is there") {
            open_to_all(&file.expect("it can be read").path());
        }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failure leaves only some bytes in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open_to_all(path: &Path) {
    let mode = fs::Permissions::from_mode(0o777);
    fs::set_permissions(path, mode).expect("the folder is the test's own");
}
