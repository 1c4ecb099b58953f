//! Codes by SMS and e-mail.

use watchword_api::message::{
    ConfigEmailProviderReq, EmailPreview, EmailProvider, EmailTemplate, EmailTemplates, PreCheckCodeReq,
    PreCheckedCode, PreviewEmailTemplateReq, SendEmailReq, SendSmsReq,
};
use watchword_domain::message::{email_provider, template};
use watchword_domain::{Audit, Ctx, Permission, message};
use watchword_kit::Result;

use crate::op::{Done, Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/send-sms", send_sms, Audit::MessageSend)
            .application()
            .says("Send a code to a phone number"),
        Op::write("POST", "/api/v3/send-email", send_email, Audit::MessageSend)
            .application()
            .says("Send a code to an e-mail address"),
        Op::write("POST", "/api/v3/pre-check-code", pre_check_code, Audit::CodeCheck)
            .application()
            .says("Whether a code is right, without using it up"),
        Op::read("GET", "/api/v3/get-email-templates", templates)
            .needs(Permission::MessageRead)
            .says("List e-mail templates"),
        Op::write("POST", "/api/v3/update-email-template", update_template, Audit::EmailTemplateUpdate)
            .needs(Permission::MessageWrite)
            .says("Write an e-mail template"),
        Op::read("POST", "/api/v3/preview-email-template", preview)
            .needs(Permission::MessageRead)
            .says("Show an e-mail template with example values"),
        Op::read("GET", "/api/v3/get-email-provider", provider)
            .needs(Permission::MessageRead)
            .says("Read how the pool sends e-mail, its secrets masked"),
        Op::write("POST", "/api/v3/config-email-provider", configure, Audit::ProviderUpdate)
            .needs(Permission::MessageWrite)
            .says("Say how the pool sends e-mail"),
    ]
}

async fn send_sms(ctx: Ctx, req: SendSmsReq) -> Result<Done> {
    message::send_sms(ctx, req).await?;
    Ok(Done)
}

async fn send_email(ctx: Ctx, req: SendEmailReq) -> Result<Done> {
    message::send_email(ctx, req).await?;
    Ok(Done)
}

async fn pre_check_code(ctx: Ctx, req: PreCheckCodeReq) -> Result<PreCheckedCode> {
    message::pre_check(&ctx, req).await
}

async fn templates(ctx: Ctx, _: Nothing) -> Result<EmailTemplates> {
    template::list(&ctx).await
}

async fn update_template(ctx: Ctx, req: EmailTemplate) -> Result<EmailTemplate> {
    template::update(&ctx, req).await
}

async fn preview(ctx: Ctx, req: PreviewEmailTemplateReq) -> Result<EmailPreview> {
    template::preview(&ctx, req).await
}

async fn provider(ctx: Ctx, _: Nothing) -> Result<EmailProvider> {
    email_provider::get(&ctx).await
}

async fn configure(ctx: Ctx, req: ConfigEmailProviderReq) -> Result<EmailProvider> {
    email_provider::configure(&ctx, req).await
}
