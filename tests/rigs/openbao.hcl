# One node with its keys on disk.
storage "raft" {
  path    = "FOLDER/data"
  node_id = "1"
}

api_addr     = "http://127.0.0.1:PORT"
cluster_addr = "http://127.0.0.1:CLUSTER_PORT"

listener "tcp" {
  address         = "127.0.0.1:PORT"
  cluster_address = "127.0.0.1:CLUSTER_PORT"
  tls_disable     = true
}

listener "tcp" {
  address         = "127.0.0.1:TLS_PORT"
  cluster_address = "127.0.0.1:SPARE_PORT"
  tls_cert_file   = "FOLDER/cert.pem"
  tls_key_file    = "FOLDER/key.pem"
}
