mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_eks_cluster" {
    defaults = {
      arn        = "arn:aws:eks:eu-central-1:111122223333:cluster/kubeflow"
      vpc_config = [{ vpc_id = "vpc-1" }]
      identity   = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/ABC" }] }]
    }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mocked" }
  }

  mock_resource "aws_acm_certificate" {
    defaults = {
      domain_validation_options = [{
        domain_name           = "kubeflow.acme.example"
        resource_record_name  = "_proof.kubeflow.acme.example."
        resource_record_type  = "CNAME"
        resource_record_value = "_proof.acm-validations.aws."
      }]
    }
  }
}

variables {
  name   = "acme-mlops"
  region = "eu-central-1"
  github = {
    owner         = "acme"
    owner_id      = 1
    repository    = "flights"
    repository_id = 2
  }
}

run "buckets_and_roles_alone" {
  command = apply

  assert {
    condition     = length(aws_eks_access_entry.github) == 0 && length(module.pipeline_role) == 0 && length(module.address) == 0
    error_message = "expected nothing of a cluster and nothing public"
  }

  assert {
    condition     = keys(output.github_variables) == ["production", "pull-request", "schedules", "staging"]
    error_message = "expected a role for each environment of GitHub that reaches the stores"
  }

  assert {
    condition     = output.github_variables.pull-request.RESULTS_URI == "s3://acme-mlops-results/pull-requests"
    error_message = "expected a prefix of its own for pull requests"
  }

  assert {
    condition     = strcontains(output.github_commands, "gh variable set AWS_ROLE_ARN --repo acme/flights --env production --body 'arn:")
    error_message = "expected the commands that set GitHub's variables"
  }
}

run "a_cluster_and_a_domain" {
  command = apply

  variables {
    cluster_name      = "kubeflow"
    domain            = "kubeflow.acme.example"
    pipeline_accounts = { production = { namespace = "mlops-production", service_account = "default-editor" } }
    serving_accounts  = { production = { namespace = "mlops-production", service_account = "late-flights-store" } }
  }

  assert {
    condition     = output.cluster_groups.schedules == "mlops-github" && output.cluster_groups.pull-request == "mlops-github-pull-request"
    error_message = "expected a Kubernetes group for pull requests that is not production's"
  }

  assert {
    condition     = keys(output.pipeline_role_arns) == ["production"] && keys(output.serving_role_arns) == ["production"]
    error_message = "expected roles of the accounts that are given"
  }

  assert {
    condition     = output.github_variables.schedules.KUBEFLOW_NAMESPACE == "mlops-production"
    error_message = "expected the schedules in the namespace of production"
  }

  assert {
    condition     = output.github_variables.staging.KUBEFLOW_HOST == "https://kubeflow.acme.example/pipeline"
    error_message = "expected the endpoint at the domain"
  }
}

run "a_cluster_without_a_public_address" {
  command = apply

  variables {
    cluster_name = "kubeflow"
  }

  assert {
    condition     = output.github_variables.production.KUBEFLOW_AUTH == "eks-oidc" && length(aws_security_group.load_balancer) == 0
    error_message = "expected workflows to enter by the cluster's API"
  }
}

run "names_that_buckets_cannot_have" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Acme_MLOps"
  }
}

run "a_repository_with_its_owner" {
  command         = plan
  expect_failures = [var.github]

  variables {
    github = { owner = "acme", owner_id = 1, repository = "acme/flights", repository_id = 2 }
  }
}

run "any_branch" {
  command         = plan
  expect_failures = [var.github]

  variables {
    github = { owner = "acme", owner_id = 1, repository = "flights", repository_id = 2, branch = "*" }
  }
}

run "pull_requests_in_the_namespace_of_production" {
  command         = plan
  expect_failures = [var.pipeline_accounts]

  variables {
    pipeline_accounts = {
      pull-request = { namespace = "mlops", service_account = "default-editor" }
      production   = { namespace = "mlops", service_account = "default-editor" }
    }
  }
}
