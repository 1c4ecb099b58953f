//! The write-ahead log on disk: synced by us, so that the writer goes on meanwhile, and moved into the database file.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::{broken, set_up};
use crate::{Result, StoreError};

/// Pages of 4 KiB in the log at which it is moved into the database file. A group of small units writes hundreds of
/// pages, mostly those of the group before, and each page is moved once.
const PAGES: i64 = 8_000;
/// Pages that may be left to move while the writer waits.
const FEW_PAGES: i64 = 500;
/// Turns without the writer before it has to wait all the same.
const TURNS: usize = 16;

pub struct Log {
    database: PathBuf,
    file: Mutex<Option<File>>,
    /// A sync has failed: the kernel may have dropped pages that SQLite takes for written.
    lost: AtomicBool,
    mover: Mutex<Option<Connection>>,
    moving: AtomicBool,
}

impl Log {
    /// The log of the database in this file, its name as SQLite itself says it.
    pub fn new(database: PathBuf) -> Self {
        let (file, mover) = (Mutex::new(None), Mutex::new(None));
        Log { database, file, lost: AtomicBool::new(false), mover, moving: AtomicBool::new(false) }
    }

    /// Returns once everything that was committed before is on disk.
    pub fn sync(&self) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let synced = match &*file {
            Some(file) => file.sync_data(),
            None => {
                let mut name = self.database.clone().into_os_string();
                name.push("-wal");
                // The writer's connection keeps the file from being replaced for as long as it is open.
                File::open(name).and_then(|opened| file.insert(opened).sync_data())
            }
        };
        synced.map_err(|e| {
            self.lost.store(true, Ordering::SeqCst);
            StoreError::Unavailable(format!("the write-ahead log is not on disk: {e}"))
        })
    }

    /// # Errors
    /// After a failed sync, until the next start: what follows would rest on what may be lost.
    pub fn intact(&self) -> Result<()> {
        match self.lost.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("the disk failed to keep an earlier write; start again".into())),
            false => Ok(()),
        }
    }

    #[cfg(test)]
    pub fn replace_file(&self, file: File) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }

    /// Whether so much has gathered that somebody should call [`Log::move_most`]; `true` to one caller at a time.
    pub fn is_long(&self, conn: &Connection) -> bool {
        let pages = conn.prepare_cached("PRAGMA wal_checkpoint(NOOP)").and_then(|mut s| s.query_row([], |r| r.get(1)));
        pages.unwrap_or(0i64) >= PAGES && !self.moving.swap(true, Ordering::SeqCst)
    }

    /// Moves pages while others write, until few are left.
    pub fn move_most(&self) {
        for _ in 0..TURNS {
            match self.move_now() {
                Ok(left) if left > FEW_PAGES => {}
                _ => return,
            }
        }
    }

    /// Moves what is there and answers how many pages came meanwhile. When the writer waits and none is left, its next
    /// page begins the log anew.
    pub fn move_now(&self) -> Result<i64> {
        let mut mover = self.mover.lock().unwrap_or_else(PoisonError::into_inner);
        let conn = match &mut *mover {
            Some(conn) => conn,
            none => {
                let conn = Connection::open(&self.database).map_err(broken)?;
                set_up(&conn, super::MAPPED)?;
                conn.pragma_update(None, "synchronous", "NORMAL").map_err(broken)?;
                none.insert(conn)
            }
        };
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| Ok(r.get::<_, i64>(1)? - r.get::<_, i64>(2)?))
            .map_err(broken)
    }

    pub fn moved(&self) {
        self.moving.store(false, Ordering::SeqCst);
    }
}
