//! The instrument itself: it lets honest code pass and kills every way to a socket.

use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::{fs, thread};

use dunlin_tests::no_network::{Ending, run_without_sockets};

#[test]
fn code_that_opens_no_socket_runs_to_its_end() {
    let ending = run_without_sockets("instrument::code_that_opens_no_socket_runs_to_its_end", || {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("file"), "written and read")?;
        let read = thread::spawn(move || fs::read_to_string(folder.path().join("file"))).join();
        assert_eq!(read.expect("the thread ends")?, "written and read");
        Ok(())
    });
    assert_eq!(ending, Ending::Clean);
}

#[test]
fn a_tcp_connection_is_death() {
    let ending = run_without_sockets("instrument::a_tcp_connection_is_death", || {
        // Refused or not does not matter: the socket comes first.
        let _ = TcpStream::connect("127.0.0.1:9");
        Ok(())
    });
    assert_eq!(ending, Ending::KilledForASocket);
}

#[test]
fn a_udp_socket_is_death() {
    let ending = run_without_sockets("instrument::a_udp_socket_is_death", || {
        let _ = UdpSocket::bind("127.0.0.1:0");
        Ok(())
    });
    assert_eq!(ending, Ending::KilledForASocket);
}

#[test]
fn a_pair_of_local_sockets_is_death() {
    let ending = run_without_sockets("instrument::a_pair_of_local_sockets_is_death", || {
        let _ = UnixStream::pair();
        Ok(())
    });
    assert_eq!(ending, Ending::KilledForASocket);
}

#[test]
fn a_thread_that_ran_before_the_filter_is_bound_by_it_too() {
    let (go, wait) = mpsc::channel::<()>();
    let older = thread::spawn(move || wait.recv().map(|()| TcpStream::connect("127.0.0.1:9").is_ok()));
    let ending = run_without_sockets("instrument::a_thread_that_ran_before_the_filter_is_bound_by_it_too", move || {
        go.send(())?;
        let _ = older.join();
        Ok(())
    });
    assert_eq!(ending, Ending::KilledForASocket);
}

#[test]
fn a_body_that_fails_or_never_runs_is_not_taken_for_clean() {
    let name = "instrument::a_body_that_fails_or_never_runs_is_not_taken_for_clean";
    let failed = run_without_sockets(name, || Err("the disk is full".into()));
    assert!(matches!(&failed, Ending::Failed(printed) if printed.contains("the disk is full")), "{failed:?}");
    let absent = run_without_sockets("no_such_test", || Ok(()));
    assert!(matches!(absent, Ending::Failed(_)), "{absent:?}");
}

#[test]
fn a_body_that_panics_is_not_taken_for_clean() {
    let ending = run_without_sockets("instrument::a_body_that_panics_is_not_taken_for_clean", || panic!("on purpose"));
    assert!(matches!(&ending, Ending::Failed(printed) if printed.contains("on purpose")), "{ending:?}");
}
