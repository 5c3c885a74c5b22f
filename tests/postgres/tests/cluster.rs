//! The cluster comes, serves and goes.

use capstan_test_postgres::{Cluster, Unavailable, must_run_everything};

#[test]
fn a_cluster_gives_databases_and_leaves_nothing_behind() {
    let cluster = match Cluster::start() {
        Ok(cluster) => cluster,
        Err(error) if error.is::<Unavailable>() && !must_run_everything() => return,
        Err(error) => panic!("{error:#}"),
    };
    let (first, second) = (cluster.create_database().unwrap(), cluster.create_database().unwrap());
    assert_ne!(first, second);
    let dir = std::path::PathBuf::from(first.split_once("host=").unwrap().1);
    assert!(dir.join("data").exists());
    drop(cluster);
    assert!(!dir.exists());
}
