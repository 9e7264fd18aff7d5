locals {
  github_variables = {
    for name, environment in local.environments : name => merge(
      {
        AWS_ROLE_ARN       = module.github_role[name].arn
        AWS_REGION         = var.region
        MODEL_REGISTRY_URI = "s3://${var.name}-models/${name == "pull-request" ? "production" : environment.prefix}"
        RESULTS_URI        = "s3://${var.name}-results/${environment.prefix}"
      },
      name == "pull-request" ? {} : { PREDICTIONS_URI = "s3://${var.name}-predictions/${environment.prefix}" },
      var.domain == null ? {} : { KUBEFLOW_AUTH = "github-oidc", KUBEFLOW_HOST = "https://${var.domain}/pipeline" },
      var.domain != null || var.cluster_name == null ? {} : {
        KUBEFLOW_AUTH            = "eks-oidc"
        KUBEFLOW_HOST            = "http://istio-ingressgateway.istio-system.svc/pipeline"
        KUBEFLOW_SERVICE_ACCOUNT = "github-actions"
        EKS_CLUSTER              = var.cluster_name
      },
      {
        for key, account in var.pipeline_accounts : "KUBEFLOW_NAMESPACE" => account.namespace
        if key == (name == "schedules" ? "production" : name)
      }
    )
  }
}

output "github_variables" {
  description = "By environment of GitHub: its variables. There is no secret to set."
  value       = local.github_variables
}

output "github_commands" {
  description = "Commands that set them: terraform output -raw github_commands | sh"
  value = join("\n", flatten([
    for environment, variables in local.github_variables : [
      for variable, value in variables :
      "gh variable set ${variable} --repo ${var.github.owner}/${var.github.repository} --env ${environment} --body '${value}'"
    ]
  ]))
}

output "pipeline_role_arns" {
  description = "By environment: eks.amazonaws.com/role-arn of the pipelines' service account."
  value       = { for name, role in module.pipeline_role : name => role.arn }
}

output "serving_role_arns" {
  description = "By environment: serving.storage.role_arn of mlops.yaml."
  value       = { for name, role in module.serving_role : name => role.arn }
}

output "cluster_groups" {
  description = "By environment: the Kubernetes group of its workflows, for RBAC."
  value       = { for name, entry in aws_eks_access_entry.github : name => one(entry.kubernetes_groups) }
}

output "security_group_id" {
  description = "The load balancer's security group, for the overlay alb-ingress."
  value       = one(aws_security_group.load_balancer[*].id)
}

output "certificate_arn" {
  description = "The certificate, for the overlay alb-ingress."
  value       = one(module.address[*].certificate_arn)
}

output "name_servers" {
  description = "Name servers to delegate the domain to, at your registrar or in the parent zone."
  value       = flatten(module.address[*].name_servers)
}
