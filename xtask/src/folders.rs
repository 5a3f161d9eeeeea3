//! Folders that are written anew.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::run::Stop;

/// Makes `folder` empty, and makes it where there is none: what a former run left must not be taken for this one's.
pub fn empty(folder: &Path) -> Result<(), Stop> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(fs::create_dir_all(folder)?),
    }
}

/// Copies everything below `from` to below `to`.
pub fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let there = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &there)?;
        } else {
            fs::copy(entry.path(), there)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_and_emptied_and_copied_whole() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("a/one"), place.path().join("other"));
        empty(&one).unwrap();
        fs::create_dir(one.join("below")).unwrap();
        fs::write(one.join("below/text"), "words").unwrap();
        copy(&one, &other).unwrap();
        assert_eq!(fs::read_to_string(other.join("below/text")).unwrap(), "words");
        empty(&one).unwrap();
        assert_eq!(fs::read_dir(&one).unwrap().count(), 0);
    }
}
