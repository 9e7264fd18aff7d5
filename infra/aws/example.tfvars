name   = "acme-mlops"
region = "eu-central-1"

github = {
  owner         = "acme"
  owner_id      = 1234567
  repository    = "flights"
  repository_id = 7654321
}

cluster_name = "kubeflow"
domain       = "kubeflow.acme.example"

pipeline_accounts = {
  pull-request = { namespace = "pull-requests", service_account = "pull-request" }
  staging      = { namespace = "staging", service_account = "default-editor" }
  production   = { namespace = "production", service_account = "default-editor" }
}

serving_accounts = {
  production = { namespace = "models", service_account = "flight-delays-store" }
}
